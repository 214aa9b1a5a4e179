import {
  ConfigError,
  type Duration,
  duration,
  type Exporter,
  type ExporterStage,
  exporterStage,
  innerStage,
  parseOptions,
  type Signal,
  signals,
} from '@otelier/core';
import * as v from 'valibot';
import { innerStageAs, sharedTraits, shownAs } from '../several.js';
import { retryStage } from './retry-stage.js';

/** When {@link retry} tries again, for how long, and where it puts what is refused for good. */
export interface RetryOptions {
  /** Longest pause after the first failure; it doubles from there. Default `1s`. */
  readonly initial?: Duration;
  /** Longest pause of all. Default `30s`. */
  readonly max?: Duration;
  /** No pause ends later than this after the first attempt. Default `1m`. */
  readonly maxElapsed?: Duration;
  /** Whether a pause is a random share of its length, so that senders do not come back all at once. Default true. */
  readonly jitter?: boolean;
  /**
   * Takes what the backend refuses for good, with the reason in the resource attribute `otelier.dead_letter.reason`. The sender is told that
   * all is well; the items count as dropped. Default: they are refused to the sender.
   */
  readonly deadLetter?: Exporter<never>;
  /**
   * How often one batch is cut in two in search of the records that make a backend refuse it; what is left unclear goes to the dead letter as
   * it is. Only with `deadLetter`. Default 64.
   */
  readonly maxBisections?: number;
}

const schema = v.strictObject({
  initial: v.optional(duration(), '1s'),
  max: v.optional(duration(), '30s'),
  maxElapsed: v.optional(duration(), '1m'),
  jitter: v.optional(v.boolean(), true),
  deadLetter: v.optional(
    v.pipe(
      v.custom<Exporter<Signal> | undefined>(() => true),
      v.check((input) => input?.kind === 'exporter', 'an exporter'),
    ),
  ),
  maxBisections: v.optional(v.pipe(v.number(), v.integer('a whole number'), v.minValue(0, 'at least 0'))),
});

/**
 * Tries again what failed for a reason that may pass, with growing pauses, for a limited time.
 *
 * The sender waits meanwhile; put a `queue()` around it where it should not. A pause is never shorter than the backend asked for; when that
 * is longer than the time left, the error goes back at once and keeps its code. A batch that is too large is sent in halves, so that
 * one oversized record does not take its neighbours with it. With a `deadLetter`, a batch that is refused for good is searched for the
 * records that cause it: they go to the dead letter, the rest is delivered.
 *
 * @throws {ConfigError} when an option is wrong.
 */
export function retry<S extends Signal>(inner: Exporter<S>, options: RetryOptions = {}): Exporter<S> {
  const { initial, max, maxElapsed, jitter, deadLetter, maxBisections } = parseOptions('retry', schema, options);
  if (maxBisections !== undefined && deadLetter === undefined)
    throw new ConfigError('retry: maxBisections', 'a deadLetter beside it, without which nothing is searched');
  const timing = { initialMs: initial, maxMs: max, maxElapsedMs: maxElapsed, jitter };
  const policy = { ...timing, maxBisections: maxBisections ?? 64 };
  const stages: Record<string, ExporterStage<S>> = {};
  for (const signal of signals as readonly S[]) {
    if (inner[signal] === undefined) continue;
    if (deadLetter !== undefined && deadLetter[signal] === undefined)
      throw new ConfigError('retry: deadLetter', `an exporter that takes ${signal}, as ${inner.name} does`);
    stages[signal] = (host) => {
      const letters = deadLetter && innerStageAs('dead-letter', deadLetter as Exporter<Signal>, signal, host);
      return retryStage(innerStage(inner, signal, host), letters as never, host, policy);
    };
  }
  const shown = deadLetter && { maxBisections: policy.maxBisections, deadLetter: shownAs(deadLetter) };
  const members = [
    { path: '', exporter: inner },
    ...(deadLetter ? [{ path: ': deadLetter', exporter: deadLetter }] : []),
  ];
  // The keys of `stages` are the signals of `inner`, which the compiler cannot follow.
  return exporterStage<S>('retry', stages as never, {
    options: { ...timing, ...shown, exporter: shownAs(inner) },
    ...sharedTraits('retry', members),
  });
}
