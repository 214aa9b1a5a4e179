import type { Field } from '../schema/schema.js';
import { width } from '../wire/varint.js';
import { hexDigit, Source } from './source.js';
import { Target } from './target.js';

// One text is parsed at a time, from one source to one target.
export const source: Source = new Source();
export const target: Target = new Target();

/** An integer in the wire format of the field, whose range it must keep to. */
export function integer(field: Field): void {
  source.integer();
  let { high, low } = source;
  const { negative } = source;
  const wide = field.type === 'int64' || field.type === 'sfixed64';
  if (wide || field.type === 'enum' || field.type === 'int32' || field.type === 'sint32') {
    const limit = wide ? high : high === 0 ? low : 4294967295;
    if (limit > 2147483648 || (limit === 2147483648 && !(negative && (!wide || low === 0)))) outOfRange(field);
  } else if (negative || (high > 0 && field.type !== 'uint64')) outOfRange(field);
  if (field.type === 'sint32') low = negative ? low * 2 - 1 : low * 2;
  else if (negative) {
    low = -low >>> 0;
    high = (low === 0 ? -high : ~high) >>> 0;
  }
  if (field.type === 'sfixed64') target.fixed64(high, low);
  else if (field.type === 'fixed32') {
    target.view.setUint32(target.w, low, true);
    target.w += 4;
  } else target.varint(high, low);
}

export function outOfRange(field: Field): never {
  return source.fail(`expected a number within the range of ${field.type}`, source.p, 'malformed');
}

/** A string as UTF-8 behind its length. */
export function string(): void {
  const b = source.bytes;
  const from = source.p + 1;
  let q = from;
  for (;;) {
    const c = b[q]!;
    // Lower-case letters first, they are most of any text.
    if (c > 0x5c || (c > 0x22 && c < 0x5c) || c === 0x20 || c === 0x21) q++;
    else if (c === 0x22) break;
    else {
      escapedString(from, q);
      return;
    }
  }
  target.text(source, from, q);
  source.p = q + 1;
}

/** A string whose first escape, or something that has no place in it, is at `special`. */
function escapedString(from: number, special: number): void {
  const b = source.bytes;
  source.skipString(special);
  const to = source.p - 1;
  const reserved = width(to - from);
  target.room(to - from + reserved);
  target.w += reserved;
  const start = target.w;
  const out = target.bytes;
  let w = start + b.copy(out, start, from, special);
  for (let p = special; p < to; ) {
    const c = b[p]!;
    if (c !== 0x5c) {
      out[w++] = c;
      p++;
    } else {
      target.w = w;
      p = writeEscape(p);
      w = target.w;
    }
  }
  target.w = w;
  target.close(start, reserved);
}

/** What the escapes with a letter stand for, by that letter; 0 for those that stand for themselves. */
const controls: Uint8Array = new Uint8Array(256);
for (const [letter, control] of ['b\b', 'f\f', 'n\n', 'r\r', 't\t'])
  controls[letter!.charCodeAt(0)] = control!.charCodeAt(0);

/** Writes what the escape at p stands for and returns where it ends. */
function writeEscape(p: number): number {
  const b = source.bytes;
  const letter = b[p + 1]!;
  if (letter !== 0x75) {
    target.bytes[target.w++] = controls[letter]! || letter;
    return p + 2;
  }
  let code = source.codeUnit(p + 2);
  let end = p + 6;
  if (code >= 0xd800 && code < 0xe000) {
    const low = code < 0xdc00 && b[end] === 0x5c && b[end + 1] === 0x75 ? source.codeUnit(end + 2) : -1;
    if (low >= 0xdc00 && low < 0xe000) {
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      end += 6;
    } else code = 0xfffd;
  }
  target.w += target.bytes.write(String.fromCodePoint(code), target.w);
  return end;
}

/** A trace or span id of this many hex digits; empty stays empty. */
export function hexId(c: number, digits: number): void {
  const b = source.bytes;
  const from = source.p + 1;
  if (c !== 0x22) source.fail('expected a string of hex digits', source.p, 'malformed');
  if (b[from] === 0x22) {
    target.bytes[target.w++] = 0;
    source.p = from + 1;
    return;
  }
  target.bytes[target.w++] = digits >> 1;
  for (let q = from; q < from + digits; q += 2) {
    const high = hexDigit(b[q]);
    const low = hexDigit(b[q + 1]);
    if (high < 0 || low < 0) source.fail(`expected ${digits} hex digits`, from, 'malformed');
    target.bytes[target.w++] = (high << 4) | low;
  }
  if (b[from + digits] !== 0x22) source.fail(`expected ${digits} hex digits`, from, 'malformed');
  source.p = from + digits + 1;
}

/** Bytes in base64, either alphabet, with padding or without. */
export function base64(c: number): void {
  const b = source.bytes;
  const from = source.p + 1;
  if (c !== 0x22) source.fail('expected a string of base64', source.p, 'malformed');
  source.skipString();
  // A slash may be escaped.
  const text = b.toString('latin1', from, source.p - 1).replaceAll('\\/', '/');
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text) || text.replace(/=+$/, '').length % 4 === 1) {
    source.fail('expected base64', from - 1, 'malformed');
  }
  const decoded = Buffer.from(text, 'base64');
  target.block(decoded);
}
