import { fullSuccess } from './answer.js';
import type { HttpRefusal } from './http-route.js';
import type { Encoding } from './intake.js';

const contentType = { protobuf: 'application/x-protobuf', json: 'application/json' } as const;

/** Header names and values in turn: the form that costs Node the least. */
export function headOf(encoding: Encoding, body: Buffer): string[] {
  return ['Content-Type', contentType[encoding], 'Content-Length', String(body.length)];
}

/** The head of a refusal with this body: with what goes with its status, and the time to come back in whole seconds. */
export function refusalHead(refusal: HttpRefusal, encoding: Encoding, body: Buffer): string[] {
  const head = [...headOf(encoding, body), ...Object.entries(refusal.headers ?? {}).flat()];
  if (refusal.retryAfterMs !== undefined)
    head.push('Retry-After', String(Math.max(1, Math.ceil(refusal.retryAfterMs / 1000))));
  return head;
}

/** What stands in the head of a success that has nothing to tell; always these two arrays. */
export const fullSuccessHead: Readonly<Record<Encoding, readonly string[]>> = {
  protobuf: headOf('protobuf', fullSuccess.protobuf),
  json: headOf('json', fullSuccess.json),
};
