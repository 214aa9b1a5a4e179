import { parseOptions } from '@otelier/core';
import * as v from 'valibot';
import { payloadLabels } from './content-attributes.js';
import type { Mask } from './mask.js';

/** What {@link redactPrompts} masks and how. */
export interface RedactPromptsOptions {
  /** Names to mask beside {@link contentAttributes}, such as `...nameAttributes`. */
  readonly attributes?: readonly string[];
  /** Names that stay with all that is under them, at any depth. */
  readonly keep?: readonly string[];
  /** What stands in place of a text. Default `'length'`. */
  readonly mask?: Mask;
  /**
   * How maps, lists and JSON payloads under a masked name are masked: `'leaves'` keeps keys, so that the structure stays
   * readable; `'whole'` hides that too. Default `'leaves'`.
   */
  readonly payloads?: 'leaves' | 'whole';
  /** Keys inside payloads whose numbers and short names stay. Default {@link payloadLabels}. */
  readonly labels?: readonly string[];
  /** Bodies of log records that are text: `'event-name'` lets only names such as `claude_code.user_prompt` stay. Default `'event-name'`. */
  readonly body?: 'event-name' | 'keep' | 'mask';
  /** Levels of nesting that are looked into; what is deeper is masked whole. Default 16. */
  readonly maxDepth?: number;
}

const names = v.array(v.pipe(v.string(), v.nonEmpty('a name')));

const schema = v.strictObject({
  attributes: v.optional(names, []),
  keep: v.optional(names, []),
  mask: v.optional(
    v.union([v.picklist(['length', 'fixed', 'remove']), v.custom<Mask>((value) => typeof value === 'function')]),
    'length',
  ),
  payloads: v.optional(v.picklist(['leaves', 'whole']), 'leaves'),
  labels: v.optional(names, [...payloadLabels]),
  body: v.optional(v.picklist(['event-name', 'keep', 'mask']), 'event-name'),
  maxDepth: v.optional(
    v.pipe(v.number(), v.integer('a whole number'), v.minValue(1, 'at least 1'), v.maxValue(64, 'at most 64')),
    16,
  ),
});

/** The options with every default filled in. */
export type RedactPromptsSettings = Required<RedactPromptsOptions>;

export function settings(options: RedactPromptsOptions): RedactPromptsSettings {
  return parseOptions('redactPrompts', schema, options) as RedactPromptsSettings;
}
