import { PipelineError, type PipelineErrorCode, type Signal } from '@otelier/core';
import { decodeExportResponse, decodeStatus, type PartialSuccess } from '@otelier/otlp';
import { patience, retryAfterMs } from './retry-after.js';

/** An HTTP answer, read to its end. */
export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string | undefined;
  readonly body: Buffer;
}

const codes: Readonly<Record<number, PipelineErrorCode>> = {
  401: 'unauthenticated',
  403: 'unauthenticated',
  404: 'unsupported',
  405: 'unsupported',
  413: 'too-large',
  415: 'unsupported',
  429: 'overloaded',
  501: 'unsupported',
  502: 'unavailable',
  503: 'unavailable',
  504: 'deadline',
};

/**
 * What an OTLP/HTTP answer says of the data (OTLP specification, "OTLP/HTTP Response").
 *
 * Returns the partial success of a 2xx answer that has one. Only 429, 502, 503 and 504 become errors that may be retried.
 *
 * @throws {PipelineError} for every other answer; names the target and the status, not what the server wrote.
 */
export function readAnswer(
  answer: HttpAnswer,
  signal: Signal,
  target: string,
  now: number,
): PartialSuccess | undefined {
  const { status } = answer;
  if (status >= 200 && status < 300) return readSuccess(answer, signal, target);
  const code = codes[status] ?? (status >= 300 && status < 400 ? 'unsupported' : 'rejected');
  const wait =
    code === 'overloaded' || code === 'unavailable' || code === 'deadline' ? throttle(answer, now) : undefined;
  const message = `${target} answered ${status}`;
  throw new PipelineError(code, message, wait === undefined ? {} : { retryAfterMs: wait });
}

function readSuccess(answer: HttpAnswer, signal: Signal, target: string): PartialSuccess | undefined {
  if (answer.body.length === 0) return undefined;
  const encoding = encodingOf(answer.contentType);
  if (encoding === undefined) {
    // A log-in page or a proxy's greeting is no sign that telemetry has arrived.
    if (!answer.contentType.startsWith('text/html')) return undefined;
    throw new PipelineError(
      'unsupported',
      `${target} answered ${answer.status} with a web page, not as an OTLP server`,
    );
  }
  try {
    return decodeExportResponse(signal, answer.body, encoding);
  } catch {
    // The server has taken the data and says so in its status; a garbled note about it must not send it twice.
    return { rejected: 0, message: 'the answer could not be read' };
  }
}

function throttle(answer: HttpAnswer, now: number): number | undefined {
  const header = retryAfterMs(answer.retryAfter, now);
  if (header !== undefined) return header;
  const encoding = encodingOf(answer.contentType);
  if (encoding === undefined || answer.body.length === 0) return undefined;
  try {
    const { retryAfterMs: asked } = decodeStatus(answer.body, encoding);
    return asked === undefined ? undefined : patience(asked);
  } catch {
    return undefined;
  }
}

function encodingOf(contentType: string): 'protobuf' | 'json' | undefined {
  if (contentType.startsWith('application/x-protobuf') || contentType.startsWith('application/protobuf'))
    return 'protobuf';
  return contentType.startsWith('application/json') ? 'json' : undefined;
}
