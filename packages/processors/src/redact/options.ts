import { type Bytes, bytes, type FieldClass, fieldClasses, parseOptions } from '@otelier/core';
import * as v from 'valibot';
import type { Catalogue } from '../catalogue/catalogue.js';
import { claudeCode } from '../catalogue/claude-code/claude-code.js';
import { piiDetectors, secretDetectors } from '../detect/detect.js';
import type { Detector } from '../detect/detector.js';
import type { Action } from './actions.js';

/** What is said of one field: its class, and what becomes of it when that differs from what becomes of its class. */
export type FieldRule = FieldClass | { readonly class?: FieldClass; readonly action?: Action };

/** What {@link redact} takes for what, and what becomes of it. */
export interface RedactOptions {
  /** Fields by name, at any depth, before all that is known otherwise; OTLP's own as `span.name`, `span_status.message`, `log_record.body`. */
  readonly fields?: { readonly [name: string]: FieldRule };
  /** What becomes of each class. Default: labels and identities stay, content is `'length'`, secrets are `'mask'`. */
  readonly actions?: { readonly [C in FieldClass]?: Action };
  /** Whose telemetry it is. Default {@link claudeCode}; `false`: nobody's that is known. */
  readonly catalogue?: Catalogue | false;
  /** The class of attributes that nobody knows; `'judge'`: what looks like a label is one, all else is content. Default `'judge'`. */
  readonly unknown?: 'judge' | FieldClass;
  /** What looks into everything that stays. Default {@link secretDetectors} and {@link piiDetectors}. */
  readonly detectors?: readonly Detector[];
  /** Text bodies of log records: `'event-name'` lets only names such as `claude_code.user_prompt` stay; `'keep'`, `'mask'`. Default `'event-name'`. */
  readonly body?: 'event-name' | 'keep' | 'mask';
  /** How maps, lists and JSON under a content field are hidden: `'leaves'` keeps keys, `'whole'` hides those too. Default `'leaves'`. */
  readonly payloads?: 'leaves' | 'whole';
  /** Keys inside content whose numbers and short names stay. Default: those that the catalogue says are labels. */
  readonly labels?: readonly string[];
  /** Levels of nesting that are looked into; what is deeper is masked whole. Default 16. */
  readonly maxDepth?: number;
  /** Values that are larger are masked whole. Default `'1MiB'`. */
  readonly maxBytes?: Bytes;
  /** `attributes: true` adds `otelier.redacted`, a list of `field:rule`, to log records and spans of which something was hidden. */
  readonly report?: { readonly attributes?: boolean };
}

const names = v.array(v.pipe(v.string(), v.nonEmpty('a name')));
const fieldClass = v.picklist(fieldClasses);
const words = ['keep', 'drop', 'mask', 'length', 'command'];
const action = v.custom<Action>(
  (value) =>
    typeof value === 'function' ||
    words.includes(value as string) ||
    (typeof value === 'object' && value !== null && ['hash', 'truncate'].includes((value as { kind: string }).kind)),
  `one of ${words.join(', ')}, hash(), truncate() or a function`,
);
const detector = v.custom<Detector>(
  (value) => typeof (value as Detector | undefined)?.find === 'function',
  'a detector, which has a name and a function find',
);

const schema = v.strictObject({
  fields: v.optional(
    v.record(
      v.string(),
      v.union([fieldClass, v.strictObject({ class: v.optional(fieldClass), action: v.optional(action) })]),
    ),
    {},
  ),
  actions: v.optional(
    v.strictObject({
      label: v.optional(action, 'keep'),
      identity: v.optional(action, 'keep'),
      content: v.optional(action, 'length'),
      secret: v.optional(action, 'mask'),
    }),
    {},
  ),
  catalogue: v.optional(
    v.custom<Catalogue | false>((value) => value === false || (typeof value === 'object' && value !== null)),
    claudeCode,
  ),
  unknown: v.optional(v.picklist(['judge', ...fieldClasses]), 'judge'),
  detectors: v.optional(v.array(detector), [...secretDetectors, ...piiDetectors]),
  body: v.optional(v.picklist(['event-name', 'keep', 'mask']), 'event-name'),
  payloads: v.optional(v.picklist(['leaves', 'whole']), 'leaves'),
  labels: v.optional(names),
  maxDepth: v.optional(
    v.pipe(v.number(), v.integer('a whole number'), v.minValue(1, 'at least 1'), v.maxValue(64, 'at most 64')),
    16,
  ),
  maxBytes: v.optional(bytes(), '1MiB'),
  report: v.optional(v.strictObject({ attributes: v.optional(v.boolean(), false) }), {}),
});

/** The options with every default filled in. */
export interface RedactSettings {
  readonly fields: { readonly [name: string]: FieldRule };
  readonly actions: { readonly [C in FieldClass]: Action };
  readonly catalogue: Catalogue | false;
  readonly unknown: 'judge' | FieldClass;
  readonly detectors: readonly Detector[];
  readonly body: 'event-name' | 'keep' | 'mask';
  readonly payloads: 'leaves' | 'whole';
  readonly labels?: readonly string[] | undefined;
  readonly maxDepth: number;
  readonly maxBytes: number;
  readonly report: { readonly attributes: boolean };
}

export function settings(options: RedactOptions, component = 'redact'): RedactSettings {
  return parseOptions(component, schema, options) as RedactSettings;
}
