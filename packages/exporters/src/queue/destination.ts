import type { Exporter, Signal } from '@otelier/core';

/** Where an exporter sends to, for people: the innermost exporter's name, and its endpoint or directory. */
export function destinationOf(exporter: Exporter<Signal>, signal: Signal | undefined): string {
  let name = exporter.name;
  let options: unknown = exporter.options;
  for (;;) {
    const inner = field(options, 'exporter');
    if (typeof inner === 'string') return inner;
    if (typeof inner !== 'object' || inner === null) break;
    const [first] = Object.entries(inner);
    if (first === undefined) break;
    [name, options] = first;
  }
  // Some have an endpoint for each signal.
  const own = signal === undefined ? undefined : field(field(options, signal), 'endpoint');
  const place =
    own ?? (signal && field(options, `${signal}Endpoint`)) ?? field(options, 'endpoint') ?? field(options, 'dir');
  return typeof place === 'string' ? `${name} ${place}` : name;
}

function field(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? (of as Readonly<Record<string, unknown>>)[name] : undefined;
}
