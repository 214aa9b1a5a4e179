import type { AnyBatch } from '@otelier/core';
import type { Attributes } from '@otelier/otlp';
import { type BaggageFault, checkKey, checkValue, encodeKey, encodeValue, unquote } from './baggage-grammar.js';
import { matcher, type ValidateResourceSettings } from './options.js';
import { type ResourceGroup, resources } from './resources.js';

/** Something wrong with a resource attribute; names the key, never the value. */
export interface ResourceFinding {
  readonly key: string;
  readonly fault: BaggageFault | 'missing';
  /** Which part is at fault; undefined when the attribute is missing. */
  readonly part?: 'key' | 'value';
}

/** What {@link Validator.check} found and refused in one batch. */
export interface ResourceReport {
  readonly findings: readonly ResourceFinding[];
  /** Items that were removed from the batch because their resource was refused, with the reason for their sender. */
  readonly refused: readonly { readonly count: number; readonly reason: string }[];
}

const nothing: ResourceReport = { findings: [], refused: [] };

const words: Readonly<Record<BaggageFault, string>> = {
  empty: 'is empty',
  space: 'holds a blank',
  quote: 'holds a double quote',
  comma: 'holds a comma',
  semicolon: 'holds a semicolon',
  backslash: 'holds a backslash',
  delimiter: 'holds a delimiter',
  control: 'holds a control character',
  'non-ascii': 'holds a character outside ASCII',
  percent: 'holds a percent sign that encodes nothing',
  'no-value': 'has no value',
  'too-many': 'has too many members',
  'too-long': 'is too long',
};

/** Checks resources, and repairs or removes what is wrong with them. */
export class Validator {
  declare private readonly settings: ValidateResourceSettings;
  declare private readonly exempt: (name: string) => boolean;

  constructor(settings: ValidateResourceSettings) {
    this.settings = settings;
    this.exempt = matcher(settings.exempt);
  }

  /** Edits the batch as the options say and tells what was found. */
  check(batch: AnyBatch): ResourceReport {
    let report: { findings: ResourceFinding[]; refused: { count: number; reason: string }[] } | undefined;
    for (const group of resources(batch)) {
      const findings = this.findings(group);
      if (findings.length === 0) continue;
      report ??= { findings: [], refused: [] };
      report.findings.push(...findings);
      const refusal = this.refusal(findings);
      if (refusal !== undefined) {
        let count = 0;
        for (const _ of group.items()) count++;
        group.remove();
        report.refused.push({ count, reason: refusal });
      } else this.repair(group, findings);
    }
    return report ?? nothing;
  }

  private findings(group: ResourceGroup): ResourceFinding[] {
    const { attributes } = group.resource;
    const found: ResourceFinding[] = [];
    for (const [key, value] of attributes) {
      if (this.exempt(key)) continue;
      const inKey = checkKey(key);
      if (inKey !== undefined) found.push({ key, fault: inKey, part: 'key' });
      const inValue = typeof value === 'string' ? checkValue(value) : undefined;
      if (inValue !== undefined && !this.provenByCopy(group, key, value as string)) {
        found.push({ key, fault: inValue, part: 'value' });
      }
    }
    for (const key of this.settings.required) if (!attributes.has(key)) found.push({ key, fault: 'missing' });
    return found;
  }

  /**
   * Clients copy only what they could parse by the strict grammar, so that a value with a blank and an equal copy was
   * percent-encoded by the user and decoded by the client.
   */
  private provenByCopy(group: ResourceGroup, key: string, value: string): boolean {
    if (!this.settings.copies) return false;
    for (const attributes of group.items()) return attributes.is(key, value);
    return false;
  }

  private refusal(findings: readonly ResourceFinding[]): string | undefined {
    const { onInvalid, onMissing } = this.settings;
    const missing = findings.filter(({ fault }) => fault === 'missing').map(({ key }) => key);
    if (missing.length > 0 && onMissing === 'refuse') {
      return `resource_attributes_missing: ${missing.join(', ')}; a single pair in OTEL_RESOURCE_ATTRIBUTES that is not percent-encoded makes many clients drop all of them`;
    }
    const invalid = onInvalid === 'refuse' ? findings.find(({ part }) => part !== undefined) : undefined;
    return invalid === undefined ? undefined : `resource_attribute_invalid: ${describe(invalid)}`;
  }

  private repair(group: ResourceGroup, findings: readonly ResourceFinding[]): void {
    const { onInvalid, copies } = this.settings;
    if (onInvalid !== 'encode' && onInvalid !== 'drop') return;
    const invalid = new Set(findings.flatMap(({ key, part }) => (part === undefined ? [] : [key])));
    if (invalid.size === 0) return;
    for (const key of invalid) repairAttribute(group.resource.attributes, key, onInvalid);
    if (!copies) return;
    for (const attributes of group.items()) {
      for (const key of invalid) if (attributes.has(key)) repairAttribute(attributes, key, onInvalid);
    }
  }
}

/** A finding in words, without the value: `the value of "org.name" holds a blank`. */
export function describe({ key, fault, part }: ResourceFinding): string {
  // A key is told as it was sent, but cut: a whole variable may have ended up in it.
  const name = JSON.stringify(key.length > 64 ? `${key.slice(0, 64)}…` : key);
  return fault === 'missing' ? `${name} is missing` : `the ${part} of ${name} ${words[fault]}`;
}

function repairAttribute(attributes: Attributes, key: string, how: 'encode' | 'drop'): void {
  const name = encodeKey(key);
  // Two attributes must not become one: the one that was right stays.
  if (how === 'drop' || name === '' || (name !== key && attributes.has(name))) {
    attributes.delete(key);
    return;
  }
  const value = attributes.get(key);
  const repaired = typeof value === 'string' && checkValue(value) !== undefined ? encodeValue(unquote(value)) : value;
  if (name !== key) attributes.delete(key);
  if (name !== key || repaired !== value) attributes.set(name, repaired);
}
