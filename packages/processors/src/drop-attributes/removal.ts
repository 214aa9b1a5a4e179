import { type Processor, processor, stage } from '@otelier/core';
import type { KeySet, LogRecord, Resource, Scope, Span } from '@otelier/otlp';
import { Merging } from './merging.js';
import type { RemovalSettings } from './options.js';

/** The processor that deletes attributes named in `keys` everywhere, and merges the data points that become one series. */
export function removal(
  name: string,
  keys: KeySet,
  settings: RemovalSettings,
  options: Readonly<Record<string, unknown>>,
): Processor<'logs' | 'metrics' | 'traces'> {
  const { resource: alsoResource, scope: alsoScope } = settings;
  const scope = (of: Scope): void => {
    if (alsoScope) of.attributes.delete(keys);
  };
  const items = {
    logRecord: (record: LogRecord): void => {
      record.attributes.delete(keys);
      scope(record.scope);
    },
    span: (span: Span): void => {
      span.attributes.delete(keys);
      for (const event of span.events) event.attributes.delete(keys);
      for (const link of span.links) link.attributes.delete(keys);
      scope(span.scope);
    },
  };
  const resource = (of: Resource): void => {
    of.attributes.delete(keys);
  };
  const hooks = alsoResource ? processor(name, { resource, ...items }) : processor(name, items);
  const { metrics } = stage(
    name,
    {
      metrics: (next, host) => {
        const merging = new Merging(keys, settings, host);
        return {
          consume(batch, flow) {
            const before = batch.count;
            merging.merge(batch, flow);
            if (batch.count === 0) return Promise.resolve();
            if (batch.count < before) batch.prune();
            return next(batch, flow);
          },
        };
      },
    },
    {},
  );
  return { kind: 'processor', name, merges: true, options, logs: hooks.logs, traces: hooks.traces, metrics };
}
