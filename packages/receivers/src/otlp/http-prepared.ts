import { type Refusal, refusalOf, statusOf } from './answer.js';
import { type Encoding, overloaded } from './intake.js';

const contentType = { protobuf: 'application/x-protobuf', json: 'application/json' } as const;

/** An answer that is the same for everybody, made once: the head is always this array. */
export interface PreparedAnswer {
  readonly status: number;
  readonly head: readonly string[];
  readonly body: Buffer;
}

/** Header names and values in turn: the form that costs Node the least. */
export function headOf(encoding: Encoding, body: Buffer): string[] {
  return ['Content-Type', contentType[encoding], 'Content-Length', String(body.length)];
}

/** The head of a refusal: with the time to come back, if there is one. */
export function refusalHead({ retryAfterMs }: Refusal, encoding: Encoding, body: Buffer): string[] {
  const head = headOf(encoding, body);
  if (retryAfterMs !== undefined) head.push('Retry-After', String(Math.max(1, Math.ceil(retryAfterMs / 1000))));
  return head;
}

/** What the byte budget refuses: under overload there are more of these than of anything else. */
export const overloadedRefusal: Refusal = refusalOf(overloaded());

/** The answers that tell it. */
export const overloadedAnswer: Readonly<Record<Encoding, PreparedAnswer>> = {
  protobuf: prepare('protobuf'),
  json: prepare('json'),
};

function prepare(encoding: Encoding): PreparedAnswer {
  const body = statusOf(overloadedRefusal, encoding);
  return { status: overloadedRefusal.httpStatus, head: refusalHead(overloadedRefusal, encoding, body), body };
}
