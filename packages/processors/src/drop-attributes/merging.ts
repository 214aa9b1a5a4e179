import type { Flow, Host } from '@otelier/core';
import { type KeySet, type MetricsBatch, StreamTable } from '@otelier/otlp';
import { offer, offered, Remainders, withdraw } from '../distribution/remainders.js';
import { MergedTotals } from './merged-totals.js';
import { Merger } from './merger.js';
import type { RemovalSettings } from './options.js';

// Reasons, as the sender and the self-telemetry read them.
const MERGED = 'merged';
const NO_RECORDED_VALUE = 'no_recorded_value';
const UNSPECIFIED = 'points of unspecified temporality have an attribute that is dropped, and cannot be added up';
const SUMMARY = 'summary points have an attribute that is dropped, and cannot be added up';
const SUMMARY_KEPT = 'summary_kept';

const DELTA = 1;
const CUMULATIVE = 2;

// Streams are remembered from batch to batch, since senders repeat themselves; beyond this many bytes they are forgotten.
const MOST_MEMORY = 8 << 20;
/** Batches from one look at the memory to the next: adding it up takes as long as three points. */
const CHECK_EVERY = 16;

/**
 * Deletes attributes from the gauges, summaries and increments of one batch and merges the points that become equal, all in one
 * traversal. Whoever brings cumulative points turns them into increments first.
 */
export class Merging {
  /** What came in and was passed on, by metric. */
  declare readonly totals: MergedTotals;
  declare private readonly keys: KeySet;
  declare private readonly settings: RemovalSettings;
  declare private readonly host: Pick<Host, 'note'>;
  declare private readonly table: StreamTable;
  declare private readonly merger: Merger;
  declare private untilCheck: number;

  constructor(keys: KeySet, settings: RemovalSettings, host: Pick<Host, 'note'>) {
    this.keys = keys;
    this.settings = settings;
    this.host = host;
    this.table = new StreamTable(identityWithout(keys, settings));
    this.merger = new Merger(keys, settings);
    this.untilCheck = CHECK_EVERY;
    this.totals = new MergedTotals();
  }

  /** Edits `batch` in place; what does not go out is removed and counted. */
  merge(batch: MetricsBatch, flow: Flow): void {
    const { keys, table, merger } = this;
    const { resource: alsoResource, scope: alsoScope } = this.settings;
    const given = offered(batch);
    /** Position of what stays as it is, and what was given for it. */
    const others: number[] = [];
    let position = -1;
    let stays = 0;
    batch.own();
    this.totals.before(batch);
    if (--this.untilCheck === 0) {
      this.untilCheck = CHECK_EVERY;
      if (table.memory > MOST_MEMORY) table.clear();
    }
    merger.begin();
    let valueless = 0;
    let summaries = 0;
    let unspecified = 0;
    let kept = 0;
    for (const resourceMetrics of batch.resourceMetrics) {
      const ofResource = alsoResource && resourceMetrics.resource.attributes.delete(keys);
      for (const scopeMetrics of resourceMetrics.scopeMetrics) {
        const ofOwner = (alsoScope && scopeMetrics.scope.attributes.delete(keys)) || ofResource;
        for (const metric of scopeMetrics.metrics) {
          for (const point of metric.dataPoints) {
            position++;
            const slot = table.slot(point);
            const touched = table.leftOut || ofOwner;
            if (touched) {
              // A sum that may fall, which is the sum of many already.
              if (table.temporality === CUMULATIVE) {
                stays++;
                continue;
              }
              if (table.temporality !== DELTA && point.type !== 'gauge') {
                if (point.type !== 'summary') unspecified++;
                else if (this.settings.summary === 'keep' && !ofOwner) {
                  kept++;
                  stays++;
                  continue;
                } else summaries++;
                point.remove();
                continue;
              }
              // Says that one of those which become this series has ended, not that all have.
              if (table.mayHaveFlags && point.noRecordedValue) {
                valueless++;
                point.remove();
                continue;
              }
            }
            if (given !== undefined) merger.remainder = given.values[position]!;
            if (merger.isFirst(slot)) merger.first(slot, point, touched, table, stays++);
            else if (merger.next(slot, point, touched, table)) {
              if (given !== undefined) others.push(stays, given.values[position]!);
              stays++;
            }
          }
        }
      }
    }
    merger.finish();
    if (merger.merged > 0) flow.drop(merger.merged, MERGED);
    if (valueless > 0) flow.drop(valueless, NO_RECORDED_VALUE);
    if (summaries > 0) flow.refuse(summaries, SUMMARY);
    if (unspecified > 0) flow.refuse(unspecified, UNSPECIFIED);
    if (kept > 0) this.host.note(kept, SUMMARY_KEPT);
    if (given !== undefined || merger.hasRests) this.offer(given, stays, others, batch);
    merger.end();
    table.forgetBatch();
    this.totals.after(batch);
  }

  /** Offers what rounding keeps back of the points that stay; `others`: position and remainder of those that are as they came. */
  private offer(given: Remainders | undefined, stays: number, others: readonly number[], batch: MetricsBatch): void {
    const values = new Float64Array(stays);
    if (!this.merger.putRemainders(values)) {
      withdraw(batch);
      return;
    }
    for (let i = 0; i < others.length; i += 2) values[others[i]!] = others[i + 1]!;
    offer(batch, given === undefined ? new Remainders(values) : new Remainders(values, given));
  }
}

/** What counts as one series once the attributes are gone. */
export function identityWithout(
  keys: KeySet,
  { resource, scope }: RemovalSettings,
): { without: KeySet; withoutResource?: KeySet; withoutScope?: KeySet } {
  return {
    without: keys,
    ...(resource ? { withoutResource: keys } : {}),
    ...(scope ? { withoutScope: keys } : {}),
  };
}
