import { type PipelinesConfig, signals } from '@otelier/core';

/** The URLs that exporters of a pipeline file tell, by their place (`metrics.usage.exporters[0]`). */
export function exporterEndpoints(config: PipelinesConfig): ReadonlyMap<string, URL> {
  const endpoints = new Map<string, URL>();
  for (const signal of signals) {
    for (const [name, { exporters }] of Object.entries(config[signal] ?? {})) {
      for (const [i, { options }] of exporters.entries()) {
        const url = endpointIn(options, signal, 0);
        if (url !== undefined) endpoints.set(`${signal}.${name}.exporters[${i}]`, url);
      }
    }
  }
  return endpoints;
}

/** Looks into what wrappers tell of what they wrap, and into options by signal. */
function endpointIn(options: unknown, signal: string, depth: number): URL | undefined {
  if (typeof options !== 'object' || options === null || depth > 8) return undefined;
  const given = options as Readonly<Record<string, unknown>>;
  const url = (given.endpoints as Readonly<Record<string, unknown>> | undefined)?.[signal];
  if (typeof url === 'string' && URL.canParse(url)) return new URL(url);
  for (const inner of [given[signal], given.exporter, ...Object.values((given.exporter as object | undefined) ?? {})]) {
    const found = endpointIn(inner, signal, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
