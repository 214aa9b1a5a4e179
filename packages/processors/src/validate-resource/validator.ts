import type { AnyBatch } from '@otelier/core';
import type { Attributes } from '@otelier/otlp';
import { encodeKey } from './baggage-grammar.js';
import { annotation, Inspector, type ResourceFinding } from './inspector.js';
import { policyOf, type ResourcePolicy, type ValidateResourceSettings } from './options.js';
import { isQuarantine, type Quarantine } from './quarantine.js';
import { type AttributeFault, type ResourceFault, repairValue } from './resource-faults.js';
import { type ResourceGroup, resources } from './resources.js';

/** What {@link Validator.check} found and took out of one batch. */
export interface ResourceReport {
  readonly findings: readonly ResourceFinding[];
  /** Items that were removed from the batch because their resource was refused, with the reason for their sender. */
  readonly refused: readonly { readonly count: number; readonly reason: string }[];
  /** Items that were removed from the batch because their resource goes into quarantine, as a batch for each exporter. */
  readonly quarantined: readonly { readonly to: Quarantine; readonly batch: AnyBatch }[];
}

const nothing: ResourceReport = { findings: [], refused: [], quarantined: [] };

const words: Readonly<Record<AttributeFault, string>> = {
  empty: 'is empty',
  space: 'holds a blank',
  quote: 'holds a quote',
  comma: 'holds a comma',
  semicolon: 'holds a semicolon',
  backslash: 'holds a backslash',
  delimiter: 'holds a delimiter',
  control: 'holds a control character',
  'non-ascii': 'holds a character outside ASCII',
  percent: 'holds a percent sign that encodes nothing',
  escape: 'holds a percent escape that nobody decoded',
  'too-long': 'is longer than 255 characters',
  unexpanded: 'holds a shell variable by its name',
};

/** Checks resources, and repairs or removes what is wrong with them. */
export class Validator {
  declare private readonly settings: ValidateResourceSettings;
  declare private readonly policy: (fault: ResourceFault) => ResourcePolicy;
  declare private readonly inspector: Inspector;

  constructor(settings: ValidateResourceSettings) {
    this.settings = settings;
    this.policy = policyOf(settings);
    this.inspector = new Inspector(settings);
  }

  /** Edits the batch as the options say and tells what was found. */
  check(batch: AnyBatch): ResourceReport {
    let findings: ResourceFinding[] | undefined;
    const refused: { count: number; reason: string }[] = [];
    const quarantined = new Map<Quarantine['quarantine'], { to: Quarantine; places: Set<number> }>();
    let place = -1;
    for (const group of resources(batch)) {
      place++;
      const found = this.inspector.inspect(group);
      if (found.length === 0) continue;
      (findings ??= []).push(...found);
      const to = this.quarantineOf(found);
      const refusal = to === undefined ? this.refusal(found) : undefined;
      if (refusal !== undefined) {
        let count = 0;
        for (const _ of group.items()) count++;
        group.remove();
        place--;
        refused.push({ count, reason: refusal });
        continue;
      }
      if (to === undefined) this.edit(group, found);
      else {
        const there = quarantined.get(to.quarantine) ?? { to, places: new Set() };
        quarantined.set(to.quarantine, there);
        there.places.add(place);
      }
      if (this.settings.annotate) {
        const text = found.map(({ key, fault }) => `${shortened(key)} ${fault}`);
        group.resource.attributes.set(annotation, text);
      }
    }
    if (findings === undefined) return nothing;
    return { findings, refused, quarantined: takeOut(batch, [...quarantined.values()]) };
  }

  /** Quarantine outranks refusal: nothing is lost by it. */
  private quarantineOf(findings: readonly ResourceFinding[]): Quarantine | undefined {
    for (const { fault } of findings) {
      const policy = this.policy(fault);
      if (isQuarantine(policy)) return policy;
    }
    return undefined;
  }

  private refusal(findings: readonly ResourceFinding[]): string | undefined {
    const refused = findings.filter(({ fault }) => this.policy(fault) === 'refuse');
    const missing = refused.filter(({ fault }) => fault === 'missing');
    if (missing.length > 0)
      return `resource_attributes_missing: ${missing.map(({ key }) => key).join(', ')}; ${missing[0]?.cause}`;
    return refused[0] === undefined ? undefined : `resource_attribute_invalid: ${describe(refused[0])}`;
  }

  private edit(group: ResourceGroup, findings: readonly ResourceFinding[]): void {
    const actions = new Map<string, Action>();
    for (const { key, fault, part } of findings) {
      const policy = this.policy(fault);
      if (part === undefined || (policy !== 'repair' && policy !== 'drop')) continue;
      const known = actions.get(key);
      const isDropped = policy === 'drop' || known?.isDropped === true;
      const name = part === 'key' ? encodeKey(key) : (known?.name ?? key);
      actions.set(key, { isDropped, name, isRepaired: part === 'value' || known?.isRepaired === true });
    }
    if (actions.size === 0) return;
    for (const [key, action] of actions) this.apply(group.resource.attributes, key, action);
    if (!this.settings.copies) return;
    for (const attributes of group.items())
      for (const [key, action] of actions) if (attributes.has(key)) this.apply(attributes, key, action);
  }

  private apply(attributes: Attributes, key: string, { isDropped, name, isRepaired }: Action): void {
    // Two attributes must not become one: the one that was right stays.
    if (isDropped || name === '' || (name !== key && attributes.has(name))) {
      attributes.delete(key);
      return;
    }
    const value = attributes.get(key);
    const repaired = isRepaired && typeof value === 'string' ? repairValue(value, this.repairs) : value;
    if (name !== key) attributes.delete(key);
    // Written even if the first value was right: a second one under the same key may not be.
    attributes.set(name, repaired);
  }

  private readonly repairs = (fault: AttributeFault): boolean => this.policy(fault) === 'repair';
}

/** What becomes of one attribute: it is deleted, or gets this name, and a repaired value if its own was at fault. */
interface Action {
  readonly isDropped: boolean;
  readonly name: string;
  readonly isRepaired: boolean;
}

/** Takes resources by their places out of a batch, as batches of their own. */
function takeOut(
  batch: AnyBatch,
  groups: readonly { readonly to: Quarantine; readonly places: ReadonlySet<number> }[],
): ResourceReport['quarantined'] {
  const taken = groups.map(({ to, places }) => {
    const part = batch.fork() as AnyBatch;
    removeWhere(part, (place) => !places.has(place));
    return { to, batch: part };
  });
  if (taken.length > 0) removeWhere(batch, (place) => groups.some(({ places }) => places.has(place)));
  return taken;
}

function removeWhere(batch: AnyBatch, isGone: (place: number) => boolean): void {
  let place = 0;
  for (const group of resources(batch)) if (isGone(place++)) group.remove();
}

/** A finding in words, without the value: `the value of "org.name" holds a blank`. */
export function describe({ key, fault, part, cause }: ResourceFinding): string {
  const name = JSON.stringify(shortened(key));
  const what = fault === 'missing' ? `${name} is missing` : `the ${part} of ${name} ${words[fault]}`;
  return cause === undefined ? what : `${what} (${cause})`;
}

// A key is told as it was sent, but cut: a whole variable may have ended up in it.
function shortened(key: string): string {
  return key.length > 64 ? `${key.slice(0, 64)}…` : key;
}
