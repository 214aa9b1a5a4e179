import type { Observable } from 'rxjs';
import type { Processor, ProcessorStage, Traits } from '../component.js';
import type { Host } from '../host.js';
import { ConfigError } from '../options.js';
import { OperatorStage } from '../run/operator-stage.js';
import type { Signal, Signals } from '../signal.js';
import { type Duration, parseDuration } from '../units.js';
import { followDerivedBatches } from './receipt.js';
import { stage } from './stage.js';

/** Turns the batches that come into an operator into those that leave it. Called again after an error and after each flush. */
export type Operate<B> = (batches$: Observable<B>, host: Host) => Observable<B>;

/** Bounds of an operator. */
export interface OperatorOptions extends Traits {
  /** How long a batch may stay inside before its sender is told `unavailable`. Default `30s`. */
  readonly hold?: Duration;
  /** How many batches may be open at a time; beyond them senders are told `overloaded`. Default 256. */
  readonly maxHeld?: number;
}

/**
 * Makes a processor from RxJS operators: for windows, timers and state over time.
 *
 * ```ts
 * export const perSecond = () =>
 *   operator('per-second', {
 *     logs: (batches$) =>
 *       batches$.pipe(
 *         bufferTime(1000),
 *         filter((held) => held.length > 0),
 *         map((held) => LogsBatch.merge(held)),
 *       ),
 *   });
 * ```
 *
 * What senders are told:
 * - A batch is acknowledged when everything derived from it has been delivered. `merge`, `split`, `fork` and edits in place are followed;
 *   name other origins with `derive(from, made)`.
 * - Emit only what you derived. After `fork` both handles have to be emitted or discarded.
 * - `discard(batch)` ends a batch on purpose. One that is swallowed without a word (`filter(() => false)`) is given back as `unavailable`
 *   after `hold`, or at the next flush: it is never lost silently.
 * - An error inside refuses what is held as `unavailable` and starts the operator anew with the next batch. The batch being pushed in at that
 *   moment is refused with the error itself: a poisoned batch must not come back for ever.
 * - At a drain `batches$` completes, so that windows emit what they have; what is still held after the result has completed is given back.
 *   An endless source merged in must end with it: `takeUntil(batches$.pipe(ignoreElements(), endWith(0)))`.
 * - RxJS has no back-pressure, so at most `maxHeld` batches are open at a time.
 */
export function operator<S extends Signal>(
  name: string,
  operates: { readonly [K in S]: Operate<Signals[K]> },
  options: OperatorOptions = {},
): Processor<S> {
  const { hold = '30s', maxHeld = 256, ...traits } = options;
  const holdMs = parseDuration(hold);
  if (holdMs === undefined) throw new ConfigError(`${name}: hold`, "a length of time such as '30s'");
  if (!(Number.isInteger(maxHeld) && maxHeld > 0)) throw new ConfigError(`${name}: maxHeld`, 'a whole number above 0');
  followDerivedBatches();
  const stages: Record<string, unknown> = {};
  for (const signal of Object.keys(operates) as S[]) {
    const build: ProcessorStage<S> = (next, host) =>
      new OperatorStage(operates[signal], next, host, { holdMs, maxHeld });
    stages[signal] = build;
  }
  // The keys of `stages` are those of `operates`.
  return stage(name, stages as { readonly [K in S]: ProcessorStage<K> }, traits);
}
