import type { AnyBatch } from '@otelier/core';
import {
  type Attributes,
  type DataPoint,
  type LogRecord,
  type MetricsBatch,
  type Resource,
  type Span,
  StreamTable,
} from '@otelier/otlp';
import { attributesHash, canonical, mix, textHash } from './hash.js';

/** What keeps items together. */
export type BalanceBy = 'stream' | 'resource' | { readonly attribute: string };

/** Finds the key of every item of a batch: items that belong together have the same one, in every batch and every process. */
export interface Keys {
  /** Writes the key of each item, in order; `into` has room for all. */
  fill(batch: AnyBatch, into: Int32Array): void;
}

/** Streams whose keys are remembered at most; beyond it all are found anew, to the same keys. */
const maxStreams = 1 << 16;

/** The keys for one stage. Logs and spans are of no stream: their resource keeps them together then. */
export function keysFor(by: BalanceBy, isMetrics: boolean): Keys {
  if (typeof by === 'object') return new AttributeKeys(by.attribute);
  return by === 'stream' && isMetrics ? new StreamKeys() : new ResourceKeys();
}

type Item = LogRecord | DataPoint | Span;

function itemsOf(batch: AnyBatch): Iterable<Item> {
  if (batch.signal === 'logs') return batch.records();
  return batch.signal === 'metrics' ? batch.points() : batch.spans();
}

class ResourceKeys implements Keys {
  fill(batch: AnyBatch, into: Int32Array): void {
    let i = 0;
    let resource: Resource | undefined;
    let key = 0;
    for (const item of itemsOf(batch)) {
      if (item.resource !== resource) {
        resource = item.resource;
        key = attributesHash(resource.attributes);
      }
      into[i++] = key;
    }
  }
}

class AttributeKeys implements Keys {
  private readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  fill(batch: AnyBatch, into: Int32Array): void {
    const { name } = this;
    let i = 0;
    let resource: Resource | undefined;
    let ofResource = 0;
    for (const item of itemsOf(batch)) {
      if (item.resource !== resource) {
        resource = item.resource;
        // Items without the attribute stay together by resource.
        ofResource = hashOf(resource.attributes, name) ?? attributesHash(resource.attributes);
      }
      into[i++] = hashOf(item.attributes, name) ?? ofResource;
    }
  }
}

function hashOf(attributes: Attributes, name: string): number | undefined {
  const value = attributes.get(name);
  return value === undefined ? undefined : textHash(canonical(value));
}

class StreamKeys implements Keys {
  private readonly table: StreamTable = new StreamTable();
  /** By slot of the table. */
  private readonly known: number[] = [];

  fill(batch: AnyBatch, into: Int32Array): void {
    const { table, known } = this;
    let i = 0;
    // Metrics by construction; see keysFor.
    for (const point of (batch as MetricsBatch).points()) {
      const slot = table.slot(point);
      if (table.isNew) known[slot] = streamHash(point);
      into[i++] = known[slot] as number;
    }
    table.forgetBatch();
    if (table.size > maxStreams) table.clear();
  }
}

/** A hash of what makes two points the same stream (OTLP data model, "Timeseries model"); what it leaves out can only keep streams together. */
function streamHash({ resource, scope, metric, attributes }: DataPoint): number {
  let hash = textHash(`${metric.name}\0${metric.unit}\0${scope.name}\0${scope.version}`);
  hash = mix(hash) + attributesHash(resource.attributes);
  hash = mix(hash) + attributesHash(scope.attributes);
  return mix(mix(hash) + attributesHash(attributes));
}
