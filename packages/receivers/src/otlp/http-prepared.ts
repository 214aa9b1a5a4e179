import { type Refusal, refusalOf, statusOf } from './answer.js';
import { refusalHead } from './http-head.js';
import { type Encoding, overloaded } from './intake.js';

/** An answer that is the same for everybody, made once: the head is always this array. */
export interface PreparedAnswer {
  readonly status: number;
  readonly head: readonly string[];
  readonly body: Buffer;
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
