import type { AnyBatch, Identity } from '@otelier/core';
import {
  type Attributes,
  type DataPoint,
  type KeySet,
  keySet,
  type LogsBatch,
  type MetricsBatch,
  type TracesBatch,
} from '@otelier/otlp';
import { type ClaimPath, type ClaimValue, claimAt, parseClaimPath } from './claim-path.js';

/** The verified values by attribute; undefined where the identity has no such claim. */
type Verified = ReadonlyMap<string, ClaimValue | undefined>;

/** Writes what was verified of a sender into its batches, over whatever the sender says itself. */
export class IdentityStamp {
  private readonly paths: readonly (readonly [string, ClaimPath])[];
  private readonly names: KeySet;
  // Authenticators hand out the same identity for the same credentials.
  private readonly known = new WeakMap<Identity, Verified>();

  /** `mapping`: claims, as {@link parseClaimPath} reads them, by attribute. */
  constructor(mapping: Readonly<Record<string, string>>) {
    this.paths = Object.entries(mapping).map(([name, claim]) => [name, parseClaimPath(claim) as ClaimPath]);
    this.names = keySet(...Object.keys(mapping));
  }

  /**
   * Sets the attributes on every resource. Where an item, an event, a link, an exemplar or a scope has one of the same name, that becomes the
   * verified value too; without one it is deleted, on the resource as well.
   */
  apply(batch: AnyBatch, identity: Identity): void {
    const verified = this.verified(identity);
    const correct = (attributes: Attributes): void => {
      attributes.replace(this.names, (name) => verified.get(name));
    };
    const resource = ({ attributes }: { readonly attributes: Attributes }): void => {
      for (const [name, value] of verified) {
        if (value === undefined) attributes.delete(name);
        else attributes.set(name, value);
      }
    };
    switch (batch.signal) {
      case 'logs':
        stampLogs(batch as LogsBatch, resource, correct);
        break;
      case 'metrics':
        stampMetrics(batch as MetricsBatch, resource, correct);
        break;
      case 'traces':
        stampTraces(batch as TracesBatch, resource, correct);
        break;
    }
  }

  private verified(identity: Identity): Verified {
    let verified = this.known.get(identity);
    if (verified === undefined) {
      verified = new Map(this.paths.map(([name, path]) => [name, claimAt(identity.claims, path)]));
      this.known.set(identity, verified);
    }
    return verified;
  }
}

type Stamp = (of: { readonly attributes: Attributes }) => void;
type Correct = (attributes: Attributes) => void;

function stampLogs(batch: LogsBatch, resource: Stamp, correct: Correct): void {
  for (const of of batch.resourceLogs) {
    resource(of.resource);
    for (const inScope of of.scopeLogs) {
      if (inScope.hasScope) correct(inScope.scope.attributes);
      for (const record of inScope.logRecords) correct(record.attributes);
    }
  }
}

function stampMetrics(batch: MetricsBatch, resource: Stamp, correct: Correct): void {
  for (const of of batch.resourceMetrics) {
    resource(of.resource);
    for (const inScope of of.scopeMetrics) {
      if (inScope.hasScope) correct(inScope.scope.attributes);
      for (const metric of inScope.metrics) {
        correct(metric.metadata);
        for (const point of metric.dataPoints) stampPoint(point, correct);
      }
    }
  }
}

function stampPoint(point: DataPoint, correct: Correct): void {
  correct(point.attributes);
  if ('exemplars' in point) for (const exemplar of point.exemplars) correct(exemplar.filteredAttributes);
}

function stampTraces(batch: TracesBatch, resource: Stamp, correct: Correct): void {
  for (const of of batch.resourceSpans) {
    resource(of.resource);
    for (const inScope of of.scopeSpans) {
      if (inScope.hasScope) correct(inScope.scope.attributes);
      for (const span of inScope.spans) {
        correct(span.attributes);
        for (const event of span.events) correct(event.attributes);
        for (const link of span.links) correct(link.attributes);
      }
    }
  }
}
