import type { FieldClass } from '@otelier/core';
import { type Action, hide, lengthMask, maskNumber } from './actions.js';
import { isAttributeName, isIdentifier, isKnownLabel, isLabel, isPlainName, isShortLine } from './forms.js';
import type { Guard } from './guard.js';
import { type JsonRules, rewriteJson } from './json-text.js';
import { placeholder, withoutMarks } from './marks.js';
import type { RedactSettings } from './options.js';
import type { Report } from './report.js';
import type { Rule, Rules } from './rules.js';

// Brace or bracket first, or a quotation mark, blanks aside: text that may be JSON.
const maybeJson = /^\s*["{[]/;

/** Judges texts and numbers that have been decoded, and what JSON text holds. */
export class Texts implements JsonRules<Rule> {
  /** The value stands on a resource or a scope, where operators put names with blanks in them. */
  declare described: boolean;
  declare private readonly rules: Rules;
  declare private readonly guard: Guard;
  declare private readonly report: Report;
  declare private readonly actions: { readonly [C in FieldClass]: Action };
  declare private readonly maxDepth: number;
  declare private readonly whole: boolean;
  declare private readonly now: () => number;

  constructor(settings: RedactSettings, rules: Rules, guard: Guard, report: Report, now: () => number) {
    this.described = false;
    this.rules = rules;
    this.guard = guard;
    this.report = report;
    this.actions = settings.actions;
    this.maxDepth = settings.maxDepth;
    this.whole = settings.payloads === 'whole';
    this.now = now;
  }

  /** What becomes of texts of this class under this rule. */
  action(rule: Rule, effective: FieldClass): Action {
    return rule.action ?? this.actions[effective];
  }

  /** What becomes of a class. */
  actionOf(effective: FieldClass): Action {
    return this.actions[effective];
  }

  /** What to write in place of a text: the same text when it may stay, undefined when it is to be deleted. */
  string(text: string, key: string, rule: Rule, depth: number): string | undefined {
    if (text === '' || placeholder.test(text)) return text;
    if (rule.structured && rule.action !== 'drop' && (rule.class === 'content' || maybeJson.test(text))) {
      if (!(this.whole && rule.class === 'content')) {
        const json = rewriteJson(text, rule, key, this.maxDepth, depth + 1, this);
        if (json.text !== undefined) return rule.class === 'content' ? json.text : this.joined(json.text);
        // A text that only begins like JSON is judged like any other; unless it would stay, it is hidden whole.
        if (json.fault === 'too-deep' || rule.class === 'content') this.report.add(json.fault);
        if (json.fault === 'too-deep') return this.hidden(text, key, 'content', this.hiding('content'));
      }
    }
    const effective = this.judge(text, rule);
    const action = this.action(rule, effective);
    if (action === 'keep') return this.guard.clean(text, effective !== 'identity');
    if (rule.harmless?.(text) === true) return text;
    return this.hidden(text, key, effective, action);
  }

  /** A number's replacement, given and returned as text. */
  number(text: string, key: string, rule: Rule): string | undefined {
    const action = this.action(rule, rule.class ?? 'label');
    if (action !== 'keep') {
      this.report.add(rule.class ?? 'label');
      return maskNumber(action, text, this.now);
    }
    // Shorter numbers are no cards and no phones with their country.
    if (text.length < 13 || rule.class !== undefined) return text;
    void key;
    return this.guard.clean(text, true);
  }

  member(key: string, parent: Rule): Rule {
    return this.rules.member(key, parent);
  }

  key(key: string, parent: Rule, nth: number): string {
    if (this.plausible(key, parent)) {
      const cleaned = this.guard.clean(key, true);
      return cleaned === key || nth === 0 ? cleaned : `${cleaned} #${nth + 1}`;
    }
    if (placeholder.test(key)) return key;
    this.report.add('key');
    const masked = this.actions.content === 'length' ? lengthMask(key.length, 'chars') : '[redacted]';
    return nth === 0 ? masked : `${masked} #${nth + 1}`;
  }

  /** True for a key that names something, and does not tell. */
  plausible(key: string, parent: Rule): boolean {
    if (parent.action === 'keep' || parent.members?.has(key) === true || this.rules.option(key) !== undefined)
      return true;
    const rest = withoutMarks(key).replace(/ #\d+$/, '');
    return rest === '' || (parent.open ? isAttributeName(rest) : isPlainName(rest));
  }

  /** The class that a text has under a rule: what does not look like what the field should hold is content. */
  judge(text: string, rule: Rule): FieldClass {
    if (rule.class === 'content' || rule.class === 'secret') return rule.class;
    const rest = withoutMarks(text);
    if (rule.class === 'identity') return rest === '' || isIdentifier(rest) ? 'identity' : 'content';
    if (rest === '') return 'label';
    const fits = this.described ? isShortLine(rest) : rule.class === 'label' ? isKnownLabel(rest) : isLabel(rest);
    return fits ? 'label' : 'content';
  }

  /** Applies an action that does not just keep, and looks into what it lets stay. */
  hidden(text: string, key: string, effective: FieldClass, action: Exclude<Action, 'keep'>): string | undefined {
    const staying = typeof action !== 'string' || action === 'command';
    // What is cut off may be the end of a secret, whose beginning nobody would recognise.
    const given = typeof action === 'object' && action.kind === 'truncate' ? this.guard.clean(text, true) : text;
    const made = hide(action, given, key, this.now);
    if (made !== text) this.report.add(effective);
    if (made === undefined || !staying) return made;
    return typeof action === 'object' && action.kind === 'hash' ? made : this.guard.clean(made, true);
  }

  /** The action for what is hidden whatever its class: never one that keeps. */
  hiding(effective: FieldClass): Exclude<Action, 'keep'> {
    const action = this.actions[effective];
    return action === 'keep' ? 'length' : action;
  }

  /** JSON whose leaves may stay: what is only seen across them, as in `["--password","x"]`, hides all of it. */
  private joined(text: string): string {
    const cleaned = this.guard.clean(text, false);
    return cleaned === text ? text : JSON.stringify('[redacted]').slice(1, -1);
  }
}
