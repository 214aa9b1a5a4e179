import { type Processor, parseOptions, processor } from '@otelier/core';
import { KeySet, type LogRecord, type Resource, type Span } from '@otelier/otlp';
import * as v from 'valibot';
import { merging } from './merging.js';

/** Options of {@link dropAttributes}. */
export interface DropAttributesOptions {
  /** Also from resources, so that series of different resources can become one. Default `false`. */
  readonly resource?: boolean;
  /** Exemplars that a point made of several may have. Default `16`. */
  readonly maxExemplars?: number;
}

const schema = v.strictObject({
  resource: v.optional(v.boolean(), false),
  maxExemplars: v.optional(v.pipe(v.number(), v.integer('a whole number'), v.minValue(0, 'at least 0')), 16),
});
const namesSchema = v.strictObject({
  names: v.pipe(
    v.array(v.pipe(v.string(), v.nonEmpty('a name that is not empty'))),
    v.minLength(1, 'at least one attribute name'),
  ),
});

/**
 * Deletes attributes by name from log records, spans (their events and links too) and data points, and merges the data points that
 * become one series: their totals stay what they were.
 *
 * Of metrics it takes delta: sums that count from a start cannot be added up one request at a time.
 *
 * @throws {ConfigError} when a name or option is not what was expected.
 */
export function dropAttributes(
  names: readonly string[],
  options: DropAttributesOptions = {},
): Processor<'logs' | 'metrics' | 'traces'> {
  parseOptions('dropAttributes', namesSchema, { names });
  const { resource: alsoResource, maxExemplars } = parseOptions('dropAttributes', schema, options);
  const keys = new KeySet(names);
  const items = {
    logRecord: (record: LogRecord): void => {
      record.attributes.delete(keys);
    },
    span: (span: Span): void => {
      span.attributes.delete(keys);
      for (const event of span.events) event.attributes.delete(keys);
      for (const link of span.links) link.attributes.delete(keys);
    },
  };
  const resource = (of: Resource): void => {
    of.attributes.delete(keys);
  };
  const hooks = alsoResource
    ? processor('drop-attributes', { resource, ...items })
    : processor('drop-attributes', items);
  const metrics = processor('drop-attributes', { metrics: merging({ keys, alsoResource, maxExemplars }) });
  return {
    kind: 'processor',
    name: 'drop-attributes',
    accepts: 'delta',
    options: { names, resource: alsoResource, maxExemplars },
    logs: hooks.logs,
    traces: hooks.traces,
    metrics: metrics.metrics,
  };
}
