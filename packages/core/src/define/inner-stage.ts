import type { Exporter, ExporterStage } from '../component.js';
import type { Stage } from '../consume.js';
import type { Host } from '../host.js';
import { untraced } from '../observe/open-telemetry.js';
import { accountOf } from '../run/account-of.js';
import { openInner } from '../run/host.js';
import { watch, watchNext } from '../run/watch.js';
import type { AnyBatch, Signal, Signals } from '../signal.js';

/**
 * Builds the stage of an exporter inside another component, as in `queue(retry(otlpExporter()))`: with a host and an account of its own,
 * such as `logs/events/queue/retry`.
 *
 * An exporter answers for what it wraps. What a processor hands to an exporter inside it has left the processor, and what becomes of it
 * there counts beside what the pipeline's exporters do. Whoever builds the stage starts, flushes and closes it with its own.
 */
export function innerStage<S extends Signal>(exporter: Exporter<S>, signal: S, host: Host): Stage<Signals[S]> {
  // A mapped type over a type parameter does not resolve to its one member.
  const build = exporter[signal] as unknown as ExporterStage<Signal>;
  const opened = openInner(host, exporter.name, signal);
  if (opened === undefined) return build(host.child(exporter.name)) as Stage<AnyBatch> as Stage<Signals[S]>;
  const stage = build(opened.host) as Stage<AnyBatch>;
  const { start, flush, close } = stage;
  const outer = accountOf(host);
  const watched = watch(stage, opened.account, () => {});
  return {
    consume: outer?.kind === 'processor' ? watchNext(watched, outer) : watched,
    ...(start && { start: () => untraced(() => start.call(stage)) }),
    ...(flush && { flush: () => flush.call(stage) }),
    ...(close && { close: () => close.call(stage) }),
  } as Stage<AnyBatch> as Stage<Signals[S]>;
}
