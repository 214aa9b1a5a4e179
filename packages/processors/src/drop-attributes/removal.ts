import { type Processor, processor, stage } from '@otelier/core';
import type { KeySet, LogRecord, Resource, Scope, Span } from '@otelier/otlp';
import { joined } from '../distribution/remainders.js';
import { CumulativeMerging } from './cumulative.js';
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
        const cumulative = new CumulativeMerging(keys, settings, merging, host);
        const end = merging.totals.observe(host);
        return {
          state: cumulative.state,
          async close() {
            end();
          },
          consume(batch, flow) {
            const share = cumulative.share(batch);
            const kept = share === 'none' ? undefined : cumulative.keptBack(batch);
            if (share === 'all') {
              const out = cumulative.merge(batch, flow, kept);
              return out === undefined ? Promise.resolve() : next(out, flow);
            }
            const part = share === 'some' ? cumulative.split(batch) : undefined;
            const before = batch.count;
            merging.merge(batch, flow);
            if (batch.count < before) batch.prune();
            const out = part === undefined ? undefined : cumulative.merge(part, flow, kept);
            if (batch.count === 0) return out === undefined ? Promise.resolve() : next(out, flow);
            return next(out === undefined ? batch : joined(batch, out), flow);
          },
        };
      },
    },
    {},
  );
  return {
    kind: 'processor',
    name,
    stateful: true,
    merges: true,
    options,
    logs: hooks.logs,
    traces: hooks.traces,
    metrics,
  };
}
