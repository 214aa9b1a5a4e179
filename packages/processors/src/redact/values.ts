import { type Edits, Entry, Fields } from '@otelier/otlp';
import { lengthMask } from './actions.js';
import type { Guard } from './guard.js';
import { placeholder } from './marks.js';
import type { RedactSettings } from './options.js';
import type { Report } from './report.js';
import type { Rule } from './rules.js';
import type { Texts } from './texts.js';

/** Lists longer than this are not looked at as a whole: what is split over so many parts is a text of its own. */
const MAX_JOINED = 256;

/** Judges values of attributes and bodies: texts, numbers, bytes, lists and maps at any depth. */
export class Values {
  declare private readonly texts: Texts;
  declare private readonly guard: Guard;
  declare private readonly report: Report;
  declare private readonly maxDepth: number;
  declare private readonly maxBytes: number;
  declare private readonly whole: boolean;

  constructor(settings: RedactSettings, texts: Texts, guard: Guard, report: Report) {
    this.texts = texts;
    this.guard = guard;
    this.report = report;
    this.maxDepth = settings.maxDepth;
    this.maxBytes = settings.maxBytes;
    this.whole = settings.payloads === 'whole';
  }

  /**
   * Replaces what may not stay in the AnyValue [from, to), whose field begins at `at`.
   *
   * @returns false when the value is to be deleted: nothing has been replaced then.
   */
  value(edits: Edits, rule: Rule, key: string, at: number, from: number, to: number, depth: number): boolean {
    const b = edits.bytes as Buffer;
    const entry = new Entry();
    if (!entry.value(b, from, to)) return this.odd(edits, at, to);
    const { kind, contentFrom } = entry;
    const action = this.texts.action(rule, rule.class ?? 'label');
    if (action === 'drop') {
      this.report.add(rule.class ?? 'label');
      return false;
    }
    const tag = b[at]!;
    if (kind === 0 || kind === 0x10) return true;
    if (kind === 0x18 || kind === 0x21) {
      const text = kind === 0x21 ? String(b.readDoubleLE(contentFrom)) : integer(b, contentFrom, to);
      return this.replaced(edits, at, to, tag, text, this.texts.number(text, key, rule));
    }
    if (to - contentFrom > this.maxBytes) {
      this.report.add('too-large');
      edits.value(at, to, tag, lengthMask(to - contentFrom, 'bytes'));
      return true;
    }
    if (kind === 0x0a) {
      const text = b.toString('utf8', contentFrom, to);
      return this.replaced(edits, at, to, tag, text, this.texts.string(text, key, rule, depth));
    }
    if (kind === 0x3a) return this.bytes(edits, rule, key, at, contentFrom, to);
    if (depth >= this.maxDepth || (this.whole && rule.class === 'content' && action !== 'keep')) {
      this.report.add(depth >= this.maxDepth ? 'too-deep' : 'content');
      edits.value(at, to, tag, '[redacted]');
      return true;
    }
    edits.enter(at + 1, from, to);
    edits.enter(from + 1, contentFrom, to);
    if (kind === 0x2a) this.list(edits, rule, key, contentFrom, to, depth);
    else this.map(edits, rule, contentFrom, to, depth);
    edits.leave();
    edits.leave();
    return true;
  }

  private list(edits: Edits, rule: Rule, key: string, from: number, to: number, depth: number): void {
    const hidden = this.split(edits.bytes as Buffer, from, to);
    const fields = new Fields(edits.bytes, from, to);
    for (let i = 0; fields.next(); i++) {
      const { at, from: start, to: end } = fields;
      if (fields.number !== 1 || fields.wireType !== 2) this.odd(edits, at, end, true);
      else if (hidden?.has(i) === true) {
        this.report.add('split');
        edits.value(at, end, 0x0a, '[redacted]');
      }
      // An element that is deleted leaves its place: those behind it keep theirs.
      else if (!this.value(edits, rule, key, at, start, end, depth + 1)) edits.raw(at, end, emptyElement);
    }
  }

  /** Elements of a list of texts that hold a secret together, and would not be recognised alone: `['--password', 'x']`, a key cut in two. */
  private split(b: Buffer, from: number, to: number): Set<number> | undefined {
    const entry = new Entry();
    const fields = new Fields(b, from, to);
    const texts: string[] = [];
    while (fields.next()) {
      if (!entry.value(b, fields.from, fields.to) || entry.kind !== 0x0a || texts.length === MAX_JOINED)
        return undefined;
      texts.push(b.toString('utf8', entry.contentFrom, entry.valueTo));
    }
    if (texts.length < 2) return undefined;
    const hidden = new Set<number>();
    for (const separator of ['', ' ']) {
      for (const each of this.guard.find(texts.join(separator), separator === '')) {
        let at = 0;
        for (const [i, text] of texts.entries()) {
          const end = at + text.length;
          const within = each.from >= at && each.to <= end;
          if (
            each.from < end &&
            each.to > at &&
            !placeholder.test(text) &&
            !(within && this.guard.find(text, true).length > 0)
          )
            hidden.add(i);
          at = end + separator.length;
        }
      }
    }
    return hidden;
  }

  private map(edits: Edits, rule: Rule, from: number, to: number, depth: number): void {
    const b = edits.bytes as Buffer;
    const fields = new Fields(b, from, to);
    const entry = new Entry();
    let replaced = 0;
    while (fields.next()) {
      const { at, from: start, to: end } = fields;
      if (fields.number !== 1 || fields.wireType !== 2 || !entry.read(b, start, end)) {
        this.odd(edits, at, end, true);
        continue;
      }
      const { keyTo, valueAt, valueFrom } = entry;
      const key = b.toString('utf8', entry.keyFrom, keyTo);
      const mark = edits.mark();
      edits.enter(at + 1, start, end);
      const replacement = this.texts.key(key, rule, replaced);
      if (replacement !== key) {
        replaced++;
        edits.text(start, keyTo, 0x0a, replacement);
      }
      const member = this.texts.member(key, rule);
      const stays = valueAt === end || this.value(edits, member, key, valueAt, valueFrom, end, depth + 1);
      edits.leave();
      if (stays) continue;
      edits.rollback(mark);
      edits.remove(at, end);
    }
  }

  private bytes(edits: Edits, rule: Rule, key: string, at: number, from: number, to: number): boolean {
    const b = edits.bytes as Buffer;
    if (from === to) return true;
    // Labels and identities are texts.
    const effective = rule.class === 'secret' ? 'secret' : 'content';
    const action = this.texts.action(rule, effective);
    if (action === 'keep') {
      const text = b.toString('latin1', from, to);
      if (this.guard.clean(text, rule.class !== 'identity') === text && !this.guardsUtf16(b, from, to)) return true;
      edits.value(at, to, b[at]!, '[redacted]');
      return true;
    }
    this.report.add(effective);
    const made =
      action === 'length'
        ? lengthMask(to - from, 'bytes')
        : typeof action === 'object' && action.kind === 'hash'
          ? this.texts.hidden(b.toString('base64', from, to), key, effective, action)
          : '[redacted]';
    if (made === undefined) return false;
    edits.value(at, to, b[at]!, made);
    return true;
  }

  private guardsUtf16(b: Buffer, from: number, to: number): boolean {
    const text = b.toString('utf16le', from, to);
    const found = this.guard.find(text, true).length > 0;
    if (found) this.report.add('encoded');
    return found;
  }

  private replaced(edits: Edits, at: number, to: number, tag: number, text: string, made: string | undefined): boolean {
    if (made === undefined) return false;
    if (made !== text) edits.value(at, to, tag, made);
    return true;
  }

  /** What is not as the schema says cannot be judged. */
  private odd(edits: Edits, at: number, to: number, field = false): boolean {
    this.report.add('malformed');
    if (field) edits.remove(at, to);
    else edits.raw(at, to, Uint8Array.of(edits.bytes[at]!, 0));
    return true;
  }
}

const emptyElement: Uint8Array = Uint8Array.of(0x0a, 0);

/** The int64 whose varint is [from, to). */
function integer(b: Uint8Array, from: number, to: number): string {
  let value = 0n;
  for (let p = to - 1; p >= from; p--) value = (value << 7n) | BigInt(b[p]! & 127);
  return BigInt.asIntN(64, value).toString();
}
