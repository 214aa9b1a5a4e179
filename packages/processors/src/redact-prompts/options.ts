import { parseOptions } from '@otelier/core';
import * as v from 'valibot';
import type { Action, MaskFunction } from '../redact/actions.js';
import type { FieldRule, RedactOptions } from '../redact/options.js';

/**
 * What to write in place of a text.
 *
 * `'length'`: `[redacted 123 chars]`; `'fixed'`: `[redacted]`; `'remove'`: nothing, the attribute is deleted; a function: what it
 * returns, where undefined deletes and a throw counts as `'fixed'`.
 */
export type Mask = 'length' | 'fixed' | 'remove' | MaskFunction;

/** What {@link redactPrompts} masks and how: its own words for the commonest options of `redact`, and all of those. */
export interface RedactPromptsOptions extends RedactOptions {
  /** Names to mask beside {@link contentAttributes}, such as `...nameAttributes` or `...identityAttributes`. */
  readonly attributes?: readonly string[];
  /** Names that stay with all that is under them, at any depth, but for the secrets and the personal data in them. */
  readonly keep?: readonly string[];
  /** What stands in place of content. Default `'length'`. */
  readonly mask?: Mask;
}

const names = v.optional(v.array(v.pipe(v.string(), v.nonEmpty('a name'))), []);

const schema = v.object({
  attributes: names,
  keep: names,
  mask: v.optional(
    v.union([v.picklist(['length', 'fixed', 'remove']), v.custom<Mask>((value) => typeof value === 'function')]),
    'length',
  ),
});

/**
 * The options of `redact` that do what these options of {@link redactPrompts} say, for `redactBatch`.
 *
 * @throws {ConfigError} when an option is not what was expected.
 */
export function promptOptions(options: RedactPromptsOptions = {}): RedactOptions {
  const { attributes: _, keep: __, mask: ___, ...rest } = options;
  const { attributes, keep, mask } = parseOptions('redactPrompts', schema, options);
  const content: Action = mask === 'fixed' ? 'mask' : mask === 'remove' ? 'drop' : mask;
  const fields: Record<string, FieldRule> = {};
  for (const name of attributes) fields[name] = 'content';
  for (const name of keep) fields[name] = { class: 'content', action: 'keep' };
  return {
    ...rest,
    fields: { ...fields, ...options.fields },
    actions: { content, ...(mask === 'remove' && { secret: 'drop' }), ...options.actions },
  };
}
