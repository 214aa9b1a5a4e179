import type { FieldClass } from '@otelier/core';
import type { Catalogue, FieldDefinition } from '../catalogue/catalogue.js';
import type { Action } from './actions.js';
import { isSecretName, isStatus } from './forms.js';
import { contentAttributes, identityAttributes, payloadAttributes, payloadLabels } from './known-fields.js';
import type { FieldRule, RedactSettings } from './options.js';

/** What is known of one field before its value has been seen. */
export interface Rule {
  /** In reports: the field's name, `other` when nobody knows it. */
  readonly name: string;
  /** Undefined: judged by its value. */
  readonly class: FieldClass | undefined;
  /** What becomes of it whatever its value looks like; undefined: what becomes of its class. */
  readonly action: Action | undefined;
  /** Texts that hold JSON keep their structure. */
  readonly structured: boolean;
  /** Rules of members of its value by name. */
  readonly members: ReadonlyMap<string, Rule> | undefined;
  /** Members that have no rule there are looked up by their names; else they share this rule. */
  readonly open: boolean;
  /** A content text for which this is true tells nothing, and stays. */
  readonly harmless: ((text: string) => boolean) | undefined;
  /** Rules of events of which more is known, by their names. */
  readonly byEvent: ReadonlyMap<string, Rule> | undefined;
}

const rule = (name: string, given: Partial<Rule>): Rule => ({
  name,
  class: undefined,
  action: undefined,
  structured: false,
  members: undefined,
  open: false,
  harmless: undefined,
  byEvent: undefined,
  ...given,
});

/** Rules by the names of fields. */
export class Rules {
  /** For attributes that nobody knows. */
  readonly unknown: Rule;
  /** For texts that are content because of where they stand: keys that are no names, bodies. */
  readonly content: Rule;
  /** For values under a name that says that they are secrets. */
  readonly secret: Rule;
  private readonly configured: ReadonlyMap<string, Rule>;
  private readonly known: ReadonlyMap<string, Rule>;
  private readonly slots: (Slot[] | undefined)[];

  /** `fieldsOf`: what a catalogue knows where these rules are asked; `eventsOf`: what it knows of some events beyond that. */
  constructor(
    settings: RedactSettings,
    fieldsOf: (catalogue: Catalogue) => ReadonlyMap<string, FieldDefinition>,
    eventsOf: (catalogue: Catalogue) => Iterable<readonly [string, ReadonlyMap<string, FieldDefinition>]> = () => [],
  ) {
    const { fields, catalogue, unknown } = settings;
    const own = settings.labels !== undefined;
    const labels = membersThatAreLabels(settings.labels ?? payloadLabels);
    this.unknown =
      unknown === 'judge'
        ? rule('other', { structured: true, open: true })
        : rule('other', { class: unknown, structured: true, open: true });
    this.content = rule('other', { class: 'content', members: labels });
    this.secret = rule('other', { class: 'secret' });
    const known = new Map<string, Rule>();
    for (const name of contentAttributes)
      known.set(name, ofDefinition(name, { class: 'content', type: 'string' }, labels, own));
    for (const name of identityAttributes)
      known.set(name, ofDefinition(name, { class: 'identity', type: 'string' }, labels, own));
    if (catalogue !== false) {
      for (const [name, definition] of fieldsOf(catalogue))
        known.set(name, ofDefinition(name, definition, labels, own));
      for (const [name, events] of eventsOf(catalogue)) {
        const byEvent = Array.from(
          events,
          ([event, field]) => [event, ofDefinition(name, field, labels, own)] as const,
        );
        known.set(name, { ...known.get(name)!, byEvent: new Map(byEvent) });
      }
    }
    const configured = new Map<string, Rule>();
    for (const [name, given] of Object.entries(fields)) {
      const base = known.get(name);
      configured.set(name, ofOption(name, given, base, labels));
    }
    this.configured = configured;
    this.known = known;
    this.slots = new Array(256).fill(undefined);
    for (const [name, each] of new Map([...known, ...configured])) {
      const wire = Buffer.from(name);
      (this.slots[slotOf(wire, 0, wire.length)] ??= []).push({ wire, rule: each });
    }
  }

  /** The rule for a name in UTF-8, undefined when nobody knows it. */
  find(b: Uint8Array, from: number, to: number): Rule | undefined {
    const slots = this.slots[slotOf(b, from, to)];
    if (slots === undefined) return undefined;
    for (let i = 0; i < slots.length; i++) {
      const { wire, rule } = slots[i]!;
      if (wire.length !== to - from) continue;
      let p = 0;
      while (p < wire.length && wire[p] === b[from + p]) p++;
      if (p === wire.length) return rule;
    }
    return undefined;
  }

  /** The rule that options give a name, whatever it names. */
  option(name: string): Rule | undefined {
    return this.configured.get(name);
  }

  /** The rule for what stands under a key in a value that has a rule. */
  member(key: string, parent: Rule): Rule {
    // What is kept is kept with all that is under it.
    if (parent.action === 'keep' && !parent.open) return parent;
    const own = this.configured.get(key) ?? parent.members?.get(key);
    if (own !== undefined) return own;
    return (parent.open ? this.known.get(key) : undefined) ?? (isSecretName(key) ? this.secret : parent);
  }
}

interface Slot {
  readonly wire: Uint8Array;
  readonly rule: Rule;
}

function slotOf(b: Uint8Array, from: number, to: number): number {
  if (from === to) return 0;
  return ((to - from) * 31 + b[from]! * 7 + b[to - 1]! * 13 + b[(from + to) >> 1]!) & 255;
}

function membersThatAreLabels(names: readonly string[]): ReadonlyMap<string, Rule> {
  return new Map(names.map((name) => [name, rule(name, { class: 'label' })]));
}

/** `own`: the labels are those that the user names, and no others. */
function ofDefinition(name: string, field: FieldDefinition, labels: ReadonlyMap<string, Rule>, own: boolean): Rule {
  const isContent = field.class === 'content';
  const named = Object.entries(field.members ?? {}).map(
    ([key, member]) => [key, ofDefinition(key, member, labels, own)] as const,
  );
  const members = !isContent ? new Map(named) : own ? labels : new Map([...labels, ...named]);
  return rule(name, {
    class: field.class,
    structured: !isContent || field.type === 'json' || payloadAttributes.includes(name),
    members: members.size === 0 ? undefined : members,
    open: field.class === 'label',
    harmless: name === 'error' ? isStatus : undefined,
  });
}

function ofOption(name: string, given: FieldRule, base: Rule | undefined, labels: ReadonlyMap<string, Rule>): Rule {
  const { class: ofField = undefined, action = undefined } = typeof given === 'string' ? { class: given } : given;
  const chosen = ofField ?? base?.class ?? 'content';
  if (base !== undefined && chosen === base.class) return rule(name, { ...base, action, byEvent: undefined });
  return rule(name, {
    class: chosen,
    action,
    structured: chosen !== 'content' || payloadAttributes.includes(name),
    members: chosen === 'content' ? labels : undefined,
    open: chosen === 'label' && action === undefined,
  });
}
