import {
  type AnyBatch,
  ConfigError,
  type Hook,
  type Hooks,
  type Processor,
  parseOptions,
  processor,
  type Signal,
} from '@otelier/core';
import type { DataPoint, LogRecord, Resource, Span } from '@otelier/otlp';
import * as v from 'valibot';
import { apply } from '../apply/apply.js';
import type { AttributeEdit } from './edits.js';

export {
  type AttributeEdit,
  copyAttribute,
  defaultAttribute,
  deleteAttributes,
  type HasAttributes,
  renameAttribute,
  setAttribute,
  toBoolean,
  toDouble,
  toNumber,
} from './edits.js';
export { claudeCodeNumbers, normalizeClaudeCode } from './normalize-claude-code.js';

/** One edit or several in order: functions of your own, or the ones made by `setAttribute`, `toNumber` and so on. */
export type Edits<T> = Hook<T> | readonly Hook<T>[];

/** What {@link transform} does to each item. */
export interface TransformOptions {
  readonly resource?: Edits<Resource>;
  readonly logRecord?: Edits<LogRecord>;
  /** Edits that could make two series equal are refused here; a function of your own has to take care of that itself. */
  readonly dataPoint?: Edits<DataPoint>;
  readonly span?: Edits<Span>;
}

/** The signals that a transform says something about: it fits into pipelines of those only. */
export type TransformedSignals<O> =
  | (O extends { readonly resource: unknown } ? Signal : never)
  | (O extends { readonly logRecord: unknown } ? 'logs' : never)
  | (O extends { readonly dataPoint: unknown } ? 'metrics' : never)
  | (O extends { readonly span: unknown } ? 'traces' : never);

const edits = v.optional(v.union([v.function(), v.array(v.function())]));
const schema = v.strictObject({ resource: edits, logRecord: edits, dataPoint: edits, span: edits });

/**
 * Edits resources, log records, data points and spans with functions; one that returns `false` drops the item.
 *
 * @throws {ConfigError} when an option is not what was expected, or when an edit could make metric series equal.
 */
export function transform<const O extends TransformOptions>(options: O): Processor<TransformedSignals<O>> {
  // Only the signals spoken of have a hook, which the types follow by their own way.
  return processor('transform', hooks(options) as Required<Hooks>) as unknown as Processor<TransformedSignals<O>>;
}

/**
 * Edits one batch in place and returns it: {@link transform} as a library call.
 *
 * @throws {ConfigError} when an option is not what was expected.
 */
export function transformed<B extends AnyBatch>(batch: B, options: TransformOptions): B {
  return apply(batch, hooks(options));
}

function hooks(options: TransformOptions): Hooks {
  parseOptions('transform', schema, options);
  const { resource, logRecord, dataPoint, span } = options;
  for (const each of dataPoint === undefined ? [] : [dataPoint].flat()) refuseMerging(each as Partial<AttributeEdit>);
  const found: { -readonly [K in keyof Hooks]: Hooks[K] } = {};
  if (resource !== undefined) found.resource = chain(resource);
  if (logRecord !== undefined) found.logRecord = chain(logRecord);
  if (dataPoint !== undefined) found.dataPoint = chain(dataPoint);
  if (span !== undefined) found.span = chain(span);
  if (Object.keys(found).length === 0) throw new ConfigError('transform', 'at least one edit');
  return found;
}

function refuseMerging({ title, merges }: Partial<AttributeEdit>): void {
  if (merges !== true) return;
  throw new ConfigError(
    'transform: dataPoint',
    `no ${title}: it can make two series equal, whose points must then be added; use dropAttributes([...]) to remove an attribute from metrics`,
  );
}

function chain<T>(edits: Edits<T>): Hook<T> {
  if (typeof edits === 'function') return edits;
  const [only] = edits;
  if (edits.length === 1 && only !== undefined) return only;
  return (item, flow) => {
    for (const each of edits) if (each(item, flow) === false) return false;
    return undefined;
  };
}
