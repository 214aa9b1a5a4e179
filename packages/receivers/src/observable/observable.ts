import { createRequire } from 'node:module';
import { type Consume, parseOptions, type Receiver, receiver, type Signal, type Signals } from '@otelier/core';
import type { Observable } from 'rxjs';
import * as v from 'valibot';
import { type Bounds, Inflow } from './inflow.js';

const require = createRequire(import.meta.url);

/** Options of {@link observableReceiver}. */
export interface ObservableReceiverOptions<S extends Signal> {
  /** What the batches are. */
  readonly signal: S;
  /** Batches in the pipelines at a time. Default 16. */
  readonly maxInFlight?: number;
  /** Batches that wait behind them. Default 64. */
  readonly maxWaiting?: number;
  /**
   * What happens to a batch that finds no place: `'refuse'` it, drop the one that waits longest for it (`'drop-oldest'`), or refuse it and end the receiver with an error (`'fail'`).
   * What is refused or dropped is counted and logged. Default `'refuse'`.
   */
  readonly whenFull?: 'refuse' | 'drop-oldest' | 'fail';
}

function places(least: number): v.GenericSchema<unknown, number> {
  const isCount = (value: number) => Number.isSafeInteger(value) && value >= least;
  return v.pipe(v.number(), v.check(isCount, `a whole number of at least ${least}`));
}

const schema: v.GenericSchema<unknown, Bounds & { readonly signal: Signal }> = v.strictObject({
  signal: v.picklist(['logs', 'metrics', 'traces']),
  maxInFlight: v.optional(places(1), 16),
  maxWaiting: v.optional(places(0), 64),
  whenFull: v.optional(v.picklist(['refuse', 'drop-oldest', 'fail']), 'refuse'),
}) as v.GenericSchema<unknown, Bounds & { readonly signal: Signal }>;

/**
 * Receives the batches of an RxJS Observable, which is subscribed to when the collector starts.
 *
 * An Observable cannot be asked to wait, so the number of batches inside is bounded and `whenFull` says what happens beyond.
 * `done` of the running receiver resolves when the source has completed and everything has settled, and rejects when it failed.
 *
 * @throws {ConfigError} when an option is wrong.
 */
export function observableReceiver<S extends Signal>(
  source$: Observable<Signals[S]>,
  options: ObservableReceiverOptions<S>,
): Receiver<S> {
  const { signal, ...bounds } = parseOptions('observableReceiver', schema, options);
  return receiver(
    'observable',
    [signal as S],
    async (out, host) => {
      // Loaded here: who receives nothing from an Observable starts without RxJS.
      const { takeWhile } = require('rxjs') as typeof import('rxjs');
      const inflow = new Inflow<Signals[S]>(bounds, () => out[signal as S] as Consume<Signals[S]> | undefined, host);
      // Whoever runs the receiver may not look at `done`; the reason is told here in any case.
      inflow.done.catch((error: unknown) => host.logger.error({ err: error }, 'the observable ended with an error'));
      const subscription = source$.pipe(takeWhile((batch) => inflow.push(batch))).subscribe({
        error: (error: unknown) => inflow.fail(error),
        complete: () => inflow.end(),
      });
      return {
        done: inflow.done,
        stop: async () => {
          subscription.unsubscribe();
          inflow.end();
        },
        close: async () => {
          subscription.unsubscribe();
          inflow.clear();
        },
      };
    },
    { options: { signal, ...bounds } },
  );
}
