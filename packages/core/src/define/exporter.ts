import type { Exporter, ExporterStage, Traits } from '../component.js';
import type { Consume } from '../consume.js';
import type { Signal, Signals } from '../signal.js';

/**
 * Makes an exporter from one function per signal, which resolves when the backend has answered and rejects when it refused.
 */
export function exporter<S extends Signal>(
  name: string,
  consumers: { readonly [K in S]: Consume<Signals[K]> },
  traits: Traits = {},
): Exporter<S> {
  const stages: Record<string, unknown> = {};
  for (const signal of Object.keys(consumers) as S[]) stages[signal] = () => ({ consume: consumers[signal] });
  return { kind: 'exporter', name, ...traits, ...stages } as unknown as Exporter<S>;
}

/** Makes an exporter from one stage factory per signal, for exporters that start, flush, close or wrap another. */
export function exporterStage<S extends Signal>(
  name: string,
  stages: { readonly [K in S]: ExporterStage<K> },
  traits: Traits = {},
): Exporter<S> {
  return { kind: 'exporter', name, ...traits, ...(stages as { readonly [K in S]: ExporterStage<K> }) } as Exporter<S>;
}
