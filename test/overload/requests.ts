import { buildLogs } from '@otelier/otlp';

/** Stands in front of every record's number, in an attribute that no redaction touches. */
export const mark = 'ledger:';
/** Digits of a request's number, and of a record's within it. */
const requestDigits = 9;
const recordDigits = 2;
export const idLength = requestDigits + 1 + recordDigits;

/** An OTLP/HTTP request of events like Claude Code's, whose records can be told apart: numbers are written into the bytes in place. */
export class RequestTemplate {
  readonly bytes: Buffer;
  readonly records: number;
  private readonly places: readonly number[];

  constructor(records: number) {
    this.records = records;
    const id = (i: number): string => `${mark}${'0'.repeat(requestDigits)}-${String(i).padStart(recordDigits, '0')}`;
    const body = buildLogs([
      {
        resource: { attributes: { 'service.name': 'claude-code', 'os.type': 'linux', 'team.id': 'platform' } },
        records: Array.from({ length: records }, (_, i) => ({
          timeUnixNano: 1n,
          body: 'claude_code.event',
          attributes: { 'prompt.id': id(i), ...event(i) },
        })),
      },
    ]).bytes();
    const head = `POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\nContent-Length: ${body.length}\r\n\r\n`;
    this.bytes = Buffer.concat([Buffer.from(head), body]);
    const places: number[] = [];
    for (let at = this.bytes.indexOf(mark); at >= 0; at = this.bytes.indexOf(mark, at + 1))
      places.push(at + mark.length);
    this.places = places;
  }

  /** The request of this number; the same memory every time. */
  of(number: number): Buffer {
    const digits = String(number).padStart(requestDigits, '0');
    for (const at of this.places) this.bytes.write(digits, at, 'latin1');
    return this.bytes;
  }
}

/** The names of the records of a request. */
export function idsOf(request: number, records: number): string[] {
  const digits = String(request).padStart(requestDigits, '0');
  return Array.from({ length: records }, (_, i) => `${digits}-${String(i).padStart(recordDigits, '0')}`);
}

function event(i: number): Record<string, string | number> {
  const session = {
    'user.id': '8f2c1d3e4b5a69788f2c1d3e4b5a6978',
    'session.id': 'f6a7c5de-0000-4000-8000-1d3e4b5a6978',
    'app.version': '2.1.330',
    'terminal.type': 'vscode',
    'event.timestamp': '2026-11-22T08:03:42.584Z',
  };
  if (i % 5 === 2) {
    const prompt = 'fix the login bug in session handling and write a test '.repeat(3);
    return { ...session, 'event.name': 'user_prompt', prompt, prompt_length: prompt.length };
  }
  const api = { model: 'claude-sonnet', cost_usd: 0.0123, duration_ms: 1234, input_tokens: 4321, output_tokens: 210 };
  return { ...session, 'event.name': 'api_request', ...api };
}
