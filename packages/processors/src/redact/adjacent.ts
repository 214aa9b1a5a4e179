import { type Edits, Entry } from '@otelier/otlp';
import type { Guard } from './guard.js';

/** What is shorter is no half of a secret, and what is longer was a secret's whole. */
const MIN_PART = 6;
const MAX_BOTH = 512;

/** Finds secrets that were cut in two and put into attributes that stand next to each other: neither half would be recognised. */
export class Adjacent {
  declare private readonly guard: Guard;
  declare private readonly both: Buffer;
  /** The text before, if it may be a half: its attribute is [at, end), with its key up to keyTo and its text [from, to). */
  declare private at: number;
  declare private end: number;
  declare private keyTo: number;
  declare private from: number;
  declare private to: number;
  declare private replaced: boolean;
  /** Where the content of the attribute begins if nobody has looked into it yet; -1 if somebody has. */
  declare private content: number;
  declare private readonly entry: Entry;

  constructor(guard: Guard) {
    this.guard = guard;
    this.both = Buffer.alloc(MAX_BOTH);
    this.at = this.end = this.keyTo = this.from = this.to = -1;
    this.replaced = false;
    this.content = -1;
    this.entry = new Entry();
  }

  /** The attribute [at, end) with its content from `content` on was judged before, and stays. */
  passed(at: number, content: number, end: number): void {
    this.at = at;
    this.content = content;
    this.end = end;
  }

  /** What comes next stands next to nothing. */
  forget(): void {
    this.at = this.end = -1;
  }

  /** True when the text [from, to) of the attribute [at, end), which would stay, and the one before it hold a secret: both are masked then. */
  add(edits: Edits, at: number, keyTo: number, from: number, to: number, end: number): boolean {
    const found =
      this.at >= 0 &&
      this.end === at &&
      to - from >= MIN_PART &&
      this.isPart(edits.bytes) &&
      this.holdSecret(edits.bytes, from, to);
    if (found) {
      if (!this.replaced) mask(edits, this.at, this.keyTo, this.end);
      mask(edits, at, keyTo, end);
    }
    this.remember(at, keyTo, from, to, end, found);
    return found;
  }

  /** The attribute may be the first half of a secret; `replaced`: its own text does not stay. */
  remember(at: number, keyTo: number, from: number, to: number, end: number, replaced: boolean): void {
    this.at = to - from < MIN_PART ? -1 : at;
    this.end = end;
    this.keyTo = keyTo;
    this.from = from;
    this.to = to;
    this.replaced = replaced;
    this.content = -1;
  }

  /** Whether the attribute before is a text; finds out where. */
  private isPart(b: Uint8Array): boolean {
    if (this.content < 0) return true;
    const { entry } = this;
    if (!entry.read(b, this.content, this.end) || entry.kind !== 0x0a) return false;
    this.remember(this.at, entry.keyTo, entry.contentFrom, entry.valueTo, this.end, false);
    return this.at >= 0;
  }

  private holdSecret(b: Uint8Array, from: number, to: number): boolean {
    const { both, guard } = this;
    const first = this.to - this.from;
    const size = first + to - from;
    if (size > MAX_BOTH) return false;
    both.set(b.subarray(this.from, this.to));
    both.set(b.subarray(from, to), first);
    return guard.suspects(both, 0, size) && guard.find(both.toString('utf8', 0, size), false).length > 0;
  }
}

function mask(edits: Edits, at: number, keyTo: number, end: number): void {
  let from = at + 1;
  while (edits.bytes[from++]! > 127);
  edits.enter(at + 1, from, end);
  edits.value(keyTo, end, 0x12, '[redacted]');
  edits.leave();
}
