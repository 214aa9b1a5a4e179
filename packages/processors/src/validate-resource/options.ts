import { parseOptions } from '@otelier/core';
import * as v from 'valibot';

/** What {@link validateResource} asks of resources and what becomes of those that lack it. */
export interface ValidateResourceOptions {
  /** Attributes that every resource must have, such as `['department', 'team.id']`. */
  readonly required?: readonly string[];
  /**
   * What becomes of an attribute whose key is no token or whose value holds octets that W3C Baggage does not allow.
   * `'report'` counts and logs; `'encode'` also takes off quotes left by a shell and percent-encodes; `'drop'` deletes the attribute;
   * `'refuse'` refuses all items of the resource. Default `'report'`.
   */
  readonly onInvalid?: 'report' | 'encode' | 'drop' | 'refuse';
  /** What becomes of a resource that lacks a required attribute. Default `'report'`. */
  readonly onMissing?: 'report' | 'refuse';
  /** Attributes that are not checked; `host.*` stands for all that begin with `host.`. Default {@link sdkAttributes}. */
  readonly exempt?: readonly string[];
  /**
   * Whether to look at the copies of resource attributes that Claude Code puts on every item: an equal copy proves that a value was
   * percent-encoded and is valid, and repairs are made to copies too. Default true.
   */
  readonly copies?: boolean;
}

/** Attributes that SDKs set by themselves, so that no user can have misspelt them: an `os.version` may well hold a blank. */
export const sdkAttributes: readonly string[] = [
  'service.*',
  'telemetry.*',
  'host.*',
  'os.*',
  'process.*',
  'device.*',
  'container.*',
  'k8s.*',
  'cloud.*',
  'wsl.*',
];

const names = v.array(v.pipe(v.string(), v.nonEmpty('a name')));

const schema = v.strictObject({
  required: v.optional(names, []),
  onInvalid: v.optional(v.picklist(['report', 'encode', 'drop', 'refuse']), 'report'),
  onMissing: v.optional(v.picklist(['report', 'refuse']), 'report'),
  exempt: v.optional(names, [...sdkAttributes]),
  copies: v.optional(v.boolean(), true),
});

/** The options with every default filled in. */
export type ValidateResourceSettings = Required<ValidateResourceOptions>;

export function settings(options: ValidateResourceOptions): ValidateResourceSettings {
  return parseOptions('validateResource', schema, options);
}

/** A test for names and for prefixes written as `host.*`. */
export function matcher(patterns: readonly string[]): (name: string) => boolean {
  const exact = new Set(patterns.filter((pattern) => !pattern.endsWith('*')));
  const prefixes = patterns.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.slice(0, -1));
  return (name) => exact.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
}
