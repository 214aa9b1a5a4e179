import { type Edits, Entry, owners, type TextSink } from '@otelier/otlp';
import { fieldsByEvent } from '../catalogue/fields-by-event.js';
import { fieldsByName, fieldsOfPoints } from '../catalogue/fields-by-name.js';
import { Adjacent } from './adjacent.js';
import { CleanEntries } from './clean-entries.js';
import { EventOf } from './event-of.js';
import { attributeNameBytes, identifierBytes, knownLabelBytes, labelBytes, shortLineBytes } from './forms.js';
import { Guard } from './guard.js';
import type { RedactSettings } from './options.js';
import { RecordReport } from './record-report.js';
import { Report } from './report.js';
import { type Rule, Rules } from './rules.js';
import { StructuralTexts } from './structural-texts.js';
import { Texts } from './texts.js';
import { Values } from './values.js';

const isDescribing: readonly boolean[] = owners.map(
  (owner) => owner === 'Resource' || owner === 'InstrumentationScope',
);
const isOfPoint: readonly boolean[] = owners.map((owner) => owner === 'Exemplar' || owner.endsWith('DataPoint'));
const resource = owners.indexOf('Resource');
const logRecord = owners.indexOf('LogRecord');
const EMPTY = 0;
const TEXT = 0x0a;
const BOOL = 0x10;
const INT = 0x18;
const DOUBLE = 0x21;

/** Judges everything in a batch that can hold text; most attributes by their bytes alone. */
export class Redactor implements TextSink {
  declare readonly report: Report;
  declare private readonly rules: Rules;
  declare private readonly rulesOfPoints: Rules;
  declare private readonly guard: Guard;
  declare private readonly texts: Texts;
  declare private readonly values: Values;
  declare private readonly structural: StructuralTexts;
  declare private readonly adjacent: Adjacent;
  declare private readonly records: RecordReport | undefined;
  declare private readonly entry: Entry;
  declare private readonly cleanOnItems: CleanEntries;
  declare private readonly cleanOnPoints: CleanEntries;
  /** Of the log record at hand. */
  declare private readonly event: EventOf;
  declare private readonly cleanOnResources: CleanEntries;
  /** Attributes of the resource at hand that stayed, from and to: clients copy them to their items. */
  declare private readonly stayed: number[];
  /** Keys replaced on the message at hand. */
  declare private replacedKeys: number;

  constructor(settings: RedactSettings, now: () => number) {
    this.report = new Report(settings.report.attributes);
    this.rules = new Rules(settings, fieldsByName, fieldsByEvent);
    this.rulesOfPoints = new Rules(settings, fieldsOfPoints);
    this.guard = new Guard(settings.detectors, (rule) => this.report.add(rule));
    this.texts = new Texts(settings, this.rules, this.guard, this.report, now);
    this.values = new Values(settings, this.texts, this.guard, this.report);
    this.structural = new StructuralTexts(settings, this.rules, this.texts, this.values, this.guard, this.report);
    this.adjacent = new Adjacent(this.guard);
    this.records = settings.report.attributes ? new RecordReport(this.report) : undefined;
    this.entry = new Entry();
    this.event = new EventOf(settings.catalogue === false ? '' : `${settings.catalogue.name.replaceAll('-', '_')}.`);
    this.cleanOnItems = new CleanEntries(2048);
    this.cleanOnPoints = new CleanEntries(2048);
    this.cleanOnResources = new CleanEntries(256);
    this.stayed = [];
    this.replacedKeys = 0;
  }

  /** Call before the walk of a batch. */
  begin(): void {
    this.stayed.length = 0;
    this.adjacent.forget();
  }

  text(edits: Edits, field: number, at: number, from: number, to: number): void {
    this.structural.text(edits, field, at, from, to);
  }

  body(edits: Edits, at: number, from: number, to: number): void {
    this.texts.described = false;
    this.structural.body(edits, at, from, to);
  }

  unknown(edits: Edits, at: number, to: number): void {
    this.report.field = 'other';
    this.report.add('unknown-field');
    edits.remove(at, to);
  }

  enter(_: Edits, owner: number, from: number, to: number): void {
    if (owner === logRecord) this.event.enter(from, to);
    else if (owner === resource) this.stayed.length = 0;
    this.replacedKeys = 0;
    this.records?.enter(owner);
  }

  leave(edits: Edits, owner: number, to: number): void {
    this.records?.leave(edits, owner, to);
  }

  attribute(edits: Edits, owner: number, at: number, from: number, to: number): void {
    const b = edits.bytes;
    const described = isDescribing[owner]!;
    const ofPoint = isOfPoint[owner]!;
    const clean = described ? this.cleanOnResources : ofPoint ? this.cleanOnPoints : this.cleanOnItems;
    if (clean.has(b, from, to)) {
      this.adjacent.passed(at, from, to);
      if (owner === resource) this.stayed.push(from, to);
      return;
    }
    const { entry, report } = this;
    if (!entry.read(b, from, to)) {
      report.field = 'other';
      report.add('malformed');
      edits.remove(at, to);
      return;
    }
    const { keyFrom, keyTo, kind } = entry;
    const known = (ofPoint ? this.rulesOfPoints : this.rules).find(b, keyFrom, keyTo);
    // What depends on the event is not remembered: the same bytes mean another thing elsewhere.
    const remembered = known === undefined || known.byEvent === undefined;
    let rule = known ?? this.rules.unknown;
    if (!remembered && owner === logRecord) rule = known.byEvent!.get(this.event.in(b) ?? '') ?? known;
    let keyStays = true;
    if (known === undefined && !clean.has(b, from, keyTo)) {
      keyStays = attributeNameBytes(b, keyFrom, keyTo) && !this.guard.suspects(b, keyFrom, keyTo);
      const key = text(b, keyFrom, keyTo);
      rule = this.texts.plausible(key, rule) ? this.rules.member(key, rule) : this.rules.content;
      // Remembered as an attribute without a value: its key stays, and tells nothing of its value.
      if (keyStays && rule === this.rules.unknown) clean.add(b, from, keyTo);
    }
    this.texts.described = described;
    report.field = rule.name;
    if (known === undefined && this.records?.isReport(edits, keyFrom, keyTo, at, to) === true) return;
    if (keyStays && this.stays(b, rule, kind, described, to)) {
      if (kind !== TEXT) return;
      const { contentFrom } = entry;
      if (known === undefined && this.adjacent.add(edits, at, keyTo, contentFrom, to, to)) {
        report.add('split');
        return;
      }
      if (remembered) clean.add(b, from, to);
      if (owner === resource) this.stayed.push(from, to);
      return;
    }
    // Whether a copy may stay depends on the resource, so that it is not remembered.
    if (keyStays && kind === TEXT && !described && isLabel(rule) && this.isCopy(b, from, to)) return;
    if (!this.judge(edits, rule, keyStays, at, from, to)) {
      if (known === undefined && kind === TEXT) this.adjacent.remember(at, keyTo, entry.contentFrom, to, to, true);
      return;
    }
    if (remembered) clean.add(b, from, to);
    if (owner === resource) this.stayed.push(from, to);
  }

  /** True when the value of `entry` may stay, as far as its bytes tell; false: look closer. */
  private stays(b: Uint8Array, rule: Rule, kind: number, described: boolean, to: number): boolean {
    const { contentFrom } = this.entry;
    const { class: ofField } = rule;
    if (kind === EMPTY) return this.texts.action(rule, ofField ?? 'label') !== 'drop';
    if (kind === TEXT) {
      let fits: boolean;
      if (ofField === undefined) {
        fits = described ? shortLineBytes(b, contentFrom, to) : labelBytes(b, contentFrom, to);
      } else if (ofField === 'label') fits = knownLabelBytes(b, contentFrom, to);
      else fits = ofField === 'identity' && identifierBytes(b, contentFrom, to);
      return (
        fits &&
        this.texts.action(rule, ofField ?? 'label') === 'keep' &&
        (contentFrom === to || !this.guard.suspects(b, contentFrom, to))
      );
    }
    if (kind !== BOOL && kind !== INT && kind !== DOUBLE) return false;
    // A number of five bytes is no card; one that nobody knows may be.
    const short = kind !== INT || ofField !== undefined || to - contentFrom <= 5;
    return short && this.texts.action(rule, ofField ?? 'label') === 'keep';
  }

  /** True when the resource has this very attribute, and it stayed there. */
  private isCopy(b: Uint8Array, from: number, to: number): boolean {
    const { stayed } = this;
    for (let i = 0; i < stayed.length; i += 2) {
      const start = stayed[i]!;
      if (stayed[i + 1]! - start !== to - from) continue;
      let p = from;
      while (p < to && b[p] === b[start + p - from]) p++;
      if (p === to) return true;
    }
    return false;
  }

  /** Goes through an attribute of which something may have to be replaced; true when it stays as it is. */
  private judge(edits: Edits, rule: Rule, keyStays: boolean, at: number, from: number, to: number): boolean {
    const { keyFrom, keyTo, valueAt, valueFrom } = this.entry;
    const key = text(edits.bytes, keyFrom, keyTo);
    const mark = edits.mark();
    edits.enter(at + 1, from, to);
    if (!keyStays) {
      const replacement = this.texts.key(key, this.rules.unknown, this.replacedKeys);
      if (replacement !== key) {
        this.replacedKeys++;
        edits.text(from, keyTo, 0x0a, replacement);
      }
    }
    const stays = valueAt === to || this.values.value(edits, rule, key, valueAt, valueFrom, to, 0);
    edits.leave();
    if (stays) return edits.mark() === mark;
    edits.rollback(mark);
    edits.remove(at, to);
    return false;
  }
}

function isLabel(rule: Rule): boolean {
  return rule.class === undefined || rule.class === 'label';
}

function text(b: Uint8Array, from: number, to: number): string {
  return (b as Buffer).toString('utf8', from, to);
}
