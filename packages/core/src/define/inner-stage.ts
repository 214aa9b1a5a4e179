import type { Exporter, ExporterStage } from '../component.js';
import type { Stage } from '../consume.js';
import type { Host } from '../host.js';
import { openInner } from '../run/host.js';
import { watch } from '../run/watch.js';
import type { AnyBatch, Signal, Signals } from '../signal.js';

/**
 * Builds the stage of an exporter inside another, as in `queue(retry(otlpExporter()))`: with a host and an account of its own, such as
 * `logs/events/queue/retry`.
 */
export function innerStage<S extends Signal>(exporter: Exporter<S>, signal: S, host: Host): Stage<Signals[S]> {
  // A mapped type over a type parameter does not resolve to its one member.
  const build = exporter[signal] as unknown as ExporterStage<Signal>;
  const opened = openInner(host, exporter.name, signal);
  if (opened === undefined) return build(host.child(exporter.name)) as Stage<AnyBatch> as Stage<Signals[S]>;
  const stage = build(opened.host) as Stage<AnyBatch>;
  const { start, flush, close } = stage;
  const consume = watch(stage, opened.account, () => {});
  return {
    consume,
    ...(start && { start: () => start.call(stage) }),
    ...(flush && { flush: () => flush.call(stage) }),
    ...(close && { close: () => close.call(stage) }),
  } as Stage<AnyBatch> as Stage<Signals[S]>;
}
