/** What is wrong with the input: broken protobuf, nested too deeply, or not OTLP/JSON. */
export type OtlpErrorCode = 'malformed' | 'too-deep' | 'not-json';

/** Input that is not OTLP. The message names what is wrong, where, and what was expected; never the contents. */
export class OtlpError extends Error {
  readonly code: OtlpErrorCode;
  /** Byte offset in the input. */
  readonly at: number;

  constructor(code: OtlpErrorCode, message: string, at: number) {
    super(message);
    this.name = 'OtlpError';
    this.code = code;
    this.at = at;
  }
}
