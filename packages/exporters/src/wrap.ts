import {
  type Exporter,
  type ExporterStage,
  exporterStage,
  type Host,
  innerStage,
  type Signal,
  type Signals,
  type Stage,
  signals,
  type Traits,
} from '@otelier/core';

/** Makes an exporter around another: the same signals, the same needs, and the options of both for printing. */
export function wrapExporter<S extends Signal>(
  name: string,
  inner: Exporter<S>,
  options: Readonly<Record<string, unknown>>,
  wrap: (stage: Stage<Signals[S]>, host: Host) => Stage<Signals[S]>,
): Exporter<S> {
  const stages: Record<string, ExporterStage<S>> = {};
  for (const signal of signals as readonly S[]) {
    if (inner[signal] !== undefined) stages[signal] = (host) => wrap(innerStage(inner, signal, host), host);
  }
  const traits: Traits = {
    options: { ...options, exporter: inner.options === undefined ? inner.name : { [inner.name]: inner.options } },
    ...(inner.accepts === undefined ? {} : { accepts: inner.accepts }),
    ...(inner.clearance === undefined ? {} : { clearance: inner.clearance }),
  };
  // The keys of `stages` are the signals of `inner`, which the compiler cannot follow.
  return exporterStage<S>(name, stages as never, traits);
}
