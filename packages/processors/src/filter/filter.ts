import { type AnyBatch, ConfigError, type Hooks, type Processor, parseOptions, processor } from '@otelier/core';
import type { DataPoint, LogRecord, Span } from '@otelier/otlp';
import * as v from 'valibot';
import { apply } from '../apply/apply.js';
import { eventName } from './event-name.js';
import { namePattern } from './name-pattern.js';

/** Names by kind; `*` stands for any characters. */
export interface FilterNames {
  /** Log records by their event name, as in `user_prompt` or `hook_*`. */
  readonly events?: readonly string[];
  /** Data points by the name of their metric, as in `claude_code.*`. */
  readonly metrics?: readonly string[];
  /** Spans by name. */
  readonly spans?: readonly string[];
}

/** What {@link filter} lets through: an item has to pass everything that is said about its signal. */
export interface FilterOptions {
  /** Only these stay. */
  readonly keep?: FilterNames;
  /** These go. */
  readonly drop?: FilterNames;
  /** Least severity number of log records; those without severity, as Claude Code sends them, stay. */
  readonly minSeverity?: number;
  /** Answers whether the log record stays. */
  readonly logRecord?: (record: LogRecord) => boolean;
  /** Answers whether the data point stays. */
  readonly dataPoint?: (point: DataPoint) => boolean;
  /** Answers whether the span stays. */
  readonly span?: (span: Span) => boolean;
}

type Names<K extends keyof FilterNames> =
  | { readonly keep: { readonly [N in K]: readonly string[] } }
  | { readonly drop: { readonly [N in K]: readonly string[] } };

/** The signals that a filter says something about: it fits into pipelines of those only. */
export type FilteredSignals<O> =
  | (O extends Names<'events'> | { readonly minSeverity: number } | { readonly logRecord: unknown } ? 'logs' : never)
  | (O extends Names<'metrics'> | { readonly dataPoint: unknown } ? 'metrics' : never)
  | (O extends Names<'spans'> | { readonly span: unknown } ? 'traces' : never);

const names = v.optional(v.array(v.pipe(v.string(), v.nonEmpty('a name'))));
const lists = v.optional(v.strictObject({ events: names, metrics: names, spans: names }));
const predicate = v.optional(v.function());
const schema = v.strictObject({
  keep: lists,
  drop: lists,
  minSeverity: v.optional(
    v.pipe(
      v.number(),
      v.integer('a severity number from 1 to 24'),
      v.minValue(1, 'a severity number from 1 to 24'),
      v.maxValue(24, 'a severity number from 1 to 24'),
    ),
  ),
  logRecord: predicate,
  dataPoint: predicate,
  span: predicate,
});

/**
 * Drops log records, data points and spans that are not wanted; they count as dropped, `filtered`.
 *
 * @throws {ConfigError} when an option is not what was expected, or when nothing is said about any signal.
 */
export function filter<const O extends FilterOptions>(options: O): Processor<FilteredSignals<O>> {
  // Only the signals spoken of have a hook, which the types follow by their own way.
  return processor('filter', hooks(options) as Required<Hooks>, {
    options: { ...(options as FilterOptions) },
  }) as unknown as Processor<FilteredSignals<O>>;
}

/**
 * Removes what is not wanted from one batch and returns it: {@link filter} as a library call.
 *
 * @throws {ConfigError} when an option is not what was expected.
 */
export function filtered<B extends AnyBatch>(batch: B, options: FilterOptions): B {
  return apply(batch, hooks(options));
}

function hooks(options: FilterOptions): Hooks {
  const { keep, drop, minSeverity, logRecord, dataPoint, span } = parseOptions(
    'filter',
    schema,
    options,
  ) as FilterOptions;
  const events = wanted(keep?.events, drop?.events);
  const metrics = wanted(keep?.metrics, drop?.metrics);
  const spans = wanted(keep?.spans, drop?.spans);
  const found: { -readonly [K in keyof Hooks]: Hooks[K] } = {};
  if (events !== undefined || minSeverity !== undefined || logRecord !== undefined) {
    found.logRecord = (record) =>
      (minSeverity === undefined || isAtLeast(record.severityNumber, minSeverity)) &&
      (events === undefined || events(eventName(record))) &&
      (logRecord === undefined || logRecord(record));
  }
  if (metrics !== undefined || dataPoint !== undefined) {
    found.dataPoint = (point) =>
      (metrics === undefined || metrics(point.metric.name)) && (dataPoint === undefined || dataPoint(point));
  }
  if (spans !== undefined || span !== undefined) {
    found.span = (item) => (spans === undefined || spans(item.name)) && (span === undefined || span(item));
  }
  if (Object.keys(found).length === 0) throw new ConfigError('filter', 'something to keep or to drop');
  return found;
}

function wanted(
  keep: readonly string[] | undefined,
  drop: readonly string[] | undefined,
): ((name: string) => boolean) | undefined {
  if (keep === undefined && drop === undefined) return undefined;
  const kept = keep === undefined ? () => true : namePattern(keep);
  const dropped = drop === undefined ? () => false : namePattern(drop);
  return (name) => kept(name) && !dropped(name);
}

function isAtLeast(severity: number, least: number): boolean {
  return severity === 0 || severity >= least;
}
