import { type Edits, Entry, textFields } from '@otelier/otlp';
import type { Action } from './actions.js';
import { CleanEntries } from './clean-entries.js';
import { descriptions } from './descriptions.js';
import { type Grammar, grammars, isEventName } from './forms.js';
import type { Guard } from './guard.js';
import { placeholder, withoutMarks } from './marks.js';
import type { RedactSettings } from './options.js';
import type { Report } from './report.js';
import type { Rule, Rules } from './rules.js';
import type { Texts } from './texts.js';
import type { Values } from './values.js';

interface Field {
  readonly name: string;
  readonly id: boolean;
  /** Bytes of an id. */
  readonly size: number;
  readonly grammar: Grammar;
  /** A mask would break the grammar, so that nothing is left in place of it. */
  readonly strict: boolean;
  readonly rule: Rule | undefined;
}

const BODY = 'log_record.body';
const anything: Grammar = () => true;
const nothing: Grammar = (text) => text === '';

/** Judges text that is no attribute: names, units, versions, states, messages, ids, and bodies of log records. */
export class StructuralTexts {
  declare private readonly fields: readonly Field[];
  declare private readonly texts: Texts;
  declare private readonly values: Values;
  declare private readonly guard: Guard;
  declare private readonly report: Report;
  declare private readonly bodies: RedactSettings['body'];
  declare private readonly bodyRule: Rule;
  declare private readonly bodyAsked: Rule | undefined;
  declare private readonly rules: Rules;
  declare private readonly entry: Entry;
  /** What was judged before and stays, by field: the same few names on every item. */
  declare private readonly clean: (CleanEntries | undefined)[];
  declare private readonly cleanBodies: CleanEntries;
  declare private readonly maxBytes: number;

  constructor(settings: RedactSettings, rules: Rules, texts: Texts, values: Values, guard: Guard, report: Report) {
    this.texts = texts;
    this.values = values;
    this.guard = guard;
    this.report = report;
    this.rules = rules;
    this.bodies = settings.body;
    this.bodyAsked = rules.option(BODY);
    this.bodyRule = this.bodyAsked ?? bodyRule(settings.body, rules);
    this.entry = new Entry();
    this.clean = [];
    this.cleanBodies = new CleanEntries(256);
    this.maxBytes = settings.maxBytes;
    this.fields = textFields.map(({ name, field, type }) => ({
      name,
      id: type === 'id',
      size: field === 'trace_id' ? 16 : 8,
      grammar: grammars[name] ?? nothing,
      strict: field === 'schema_url' || field === 'trace_state',
      rule: rules.option(name),
    }));
  }

  text(edits: Edits, which: number, at: number, from: number, to: number): void {
    const field = this.fields[which]!;
    if (from === to || (field.id && to - from === field.size)) return;
    const clean = (this.clean[which] ??= new CleanEntries(64));
    if (clean.has(edits.bytes, from, to)) return;
    this.report.field = field.name;
    if (field.id) {
      this.report.add('malformed');
      edits.remove(at, to);
      return;
    }
    const b = edits.bytes as Buffer;
    if (to - from > this.maxBytes) {
      this.report.add('too-large');
      edits.remove(at, to);
      return;
    }
    const text = b.toString('utf8', from, to);
    const made = this.judged(text, field);
    if (made === text) clean.add(b, from, to);
    else if (made === undefined || (field.strict && made !== text)) edits.remove(at, to);
    else edits.text(at, to, b[at]!, made);
  }

  body(edits: Edits, at: number, from: number, to: number): void {
    const b = edits.bytes as Buffer;
    if (this.cleanBodies.has(b, from, to)) return;
    const { entry } = this;
    this.report.field = BODY;
    let rule = this.bodyRule;
    if (entry.value(b, from, to) && this.bodyAsked === undefined) {
      const { kind, contentFrom } = entry;
      if (kind === 0x0a && this.bodies === 'event-name') {
        if (to - contentFrom <= 128) {
          const text = b.toString('utf8', contentFrom, to);
          if (isEventName(text) && this.guard.clean(text, true) === text) {
            this.cleanBodies.add(b, from, to);
            return;
          }
          rule = isEventName(withoutMarks(text)) ? kept : rule;
        }
      } else if (kind === 0x32 && this.bodies === 'event-name') rule = this.rules.unknown;
    }
    if (!this.values.value(edits, rule, 'body', at, from, to, 0)) edits.remove(at, to);
  }

  private judged(text: string, { name, grammar, rule, strict }: Field): string | undefined {
    if (placeholder.test(text) && !strict) return text;
    if (rule !== undefined) {
      const asked: Grammar = rule.class === 'label' ? grammar : rule.class === 'identity' ? anything : nothing;
      const effective = rule.action !== undefined || asked(withoutMarks(text)) ? (rule.class ?? 'content') : 'content';
      return this.applied(text, name, effective, this.texts.action(rule, effective));
    }
    const rest = withoutMarks(text);
    const label = rest === '' || grammar(rest) || (name === 'metric.description' && descriptions.has(rest));
    const effective = label ? 'label' : 'content';
    return this.applied(text, name, effective, this.texts.actionOf(effective));
  }

  private applied(
    text: string,
    name: string,
    effective: 'label' | 'content' | 'identity' | 'secret',
    action: Action,
  ): string | undefined {
    return action === 'keep'
      ? this.guard.clean(text, effective !== 'identity')
      : this.texts.hidden(text, name, effective, action);
  }
}

const kept: Rule = {
  name: BODY,
  class: 'label',
  action: 'keep',
  structured: false,
  members: undefined,
  open: false,
  harmless: undefined,
  byEvent: undefined,
};

function bodyRule(body: RedactSettings['body'], rules: Rules): Rule {
  const { members } = rules.content;
  // Known names inside a body are judged as ever; all else in it stays.
  if (body === 'keep') return { ...kept, structured: true, open: true };
  return { ...kept, class: 'content', action: undefined, members };
}
