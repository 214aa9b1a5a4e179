import type { AnyBatch, Signal } from '@otelier/core';
import type { Author } from './attributes.js';
import { logs } from './logs.js';
import { metrics } from './metrics.js';
import { surroundings } from './surroundings.js';
import { traces } from './traces.js';

/**
 * The requests of one session, of the signals that are taken: every event, metric and span of the catalogue with canaries in every field, in every encoding, and labels
 * as the client sends them. Requests are made one at a time, so that a long drill needs little memory.
 */
export function* session(author: Author, taken: readonly Signal[], now: bigint): Iterable<AnyBatch> {
  if (taken.includes('logs')) yield* logs(author, now);
  if (taken.includes('metrics')) yield* metrics(author, now);
  if (taken.includes('traces')) yield* traces(author, now);
  yield* surroundings(author, taken, now);
}
