import { type Exporter, type ExporterStage, exporterStage, type Signal, signals, type Traits } from '@otelier/core';

/** Makes an exporter around another: the same signals, the same needs, and both options for printing. */
export function wrapExporter<S extends Signal>(
  name: string,
  inner: Exporter<S>,
  options: Readonly<Record<string, unknown>>,
  wrap: (stage: ExporterStage<S>) => ExporterStage<S>,
): Exporter<S> {
  const stages: Record<string, unknown> = {};
  for (const signal of signals as readonly S[]) {
    const stage: ExporterStage<S> | undefined = inner[signal] as never;
    if (stage !== undefined) stages[signal] = wrap(stage);
  }
  const traits: Traits = {
    options: { ...options, exporter: inner.options === undefined ? inner.name : { [inner.name]: inner.options } },
    ...(inner.accepts === undefined ? {} : { accepts: inner.accepts }),
  };
  // The keys of `stages` are the signals of `inner`, which the compiler cannot follow.
  return exporterStage<S>(name, stages as never, traits);
}
