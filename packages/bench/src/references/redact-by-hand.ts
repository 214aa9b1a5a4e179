// The fastest plain loop for one job that we could write over the wire format, as a yardstick for the views: it knows nothing else.
import { allocate } from '@otelier/otlp';

const eventName = Buffer.from('event.name');
const userPrompt = Buffer.from('user_prompt');
const promptKey = Buffer.from('prompt');

let after = 0;
function varint(b: Buffer, p: number): number {
  let byte = b[p++] as number;
  let value = byte & 127;
  for (let shift = 128; byte > 127; shift *= 128) {
    byte = b[p++] as number;
    value += (byte & 127) * shift;
  }
  after = p;
  return value;
}

function skip(b: Buffer, p: number, tag: number): number {
  const type = tag & 7;
  if (type === 2) {
    const length = varint(b, p);
    return after + length;
  }
  if (type === 1) return p + 8;
  if (type === 5) return p + 4;
  varint(b, p);
  return after;
}

function same(b: Buffer, p: number, wanted: Buffer): boolean {
  for (let i = 0; i < wanted.length; i++) if (b[p + i] !== wanted[i]) return false;
  return true;
}

const sizeOf = (n: number): number => (n < 128 ? 1 : n < 16384 ? 2 : n < 2_097_152 ? 3 : 4);
function put(out: Buffer, w: number, n: number): number {
  while (n > 127) {
    out[w++] = (n & 127) | 128;
    n >>>= 7;
  }
  out[w++] = n;
  return w;
}

interface Level {
  lengthAt: number;
  start: number;
  delta: number;
}
const edits: { at: number; end: number }[] = [];
const levels: Level[] = [];

/** Masks `prompt` in every record whose `event.name` is `user_prompt`. */
export function redactByHand(b: Buffer, replacement: string): Buffer {
  const mask = Buffer.from(replacement);
  const attribute = Buffer.concat([
    Buffer.from([0x32, 12 + mask.length, 0x0a, 6]),
    promptKey,
    Buffer.from([0x12, mask.length + 2, 0x0a, mask.length]),
    mask,
  ]);
  edits.length = 0;
  levels.length = 0;
  walk(b, 0, b.length, 0, attribute.length);
  if (edits.length === 0) return b;
  const out = allocate(b.length + edits.length * attribute.length);
  let w = 0;
  let cut = 0;
  let e = 0;
  const copyTo = (p: number): void => {
    b.copy(out, w, cut, p);
    w += p - cut;
    cut = p;
  };
  for (const level of levels) {
    while (e < edits.length && (edits[e] as { at: number }).at < level.lengthAt) e = replace(e);
    copyTo(level.lengthAt);
    w = put(out, w, varint(b, level.lengthAt) + level.delta);
    cut = level.start;
  }
  while (e < edits.length) e = replace(e);
  copyTo(b.length);
  return out.subarray(0, w);

  function replace(i: number): number {
    const edit = edits[i] as { at: number; end: number };
    copyTo(edit.at);
    out.set(attribute, w);
    w += attribute.length;
    cut = edit.end;
    return i + 1;
  }
}

// Depth 0 request, 1 resource logs, 2 scope logs, 3 log record; returns by how much the message grows.
function walk(b: Buffer, start: number, end: number, depth: number, replacementLength: number): number {
  if (depth === 3) return record(b, start, end, replacementLength);
  const wanted = depth === 0 ? 0x0a : 0x12;
  let delta = 0;
  for (let p = start; p < end; ) {
    const tag = b[p++] as number;
    if (tag !== wanted) {
      p = skip(b, p, tag);
      continue;
    }
    const lengthAt = p;
    const length = varint(b, p);
    p = after;
    const mark = levels.length;
    levels.push({ lengthAt, start: p, delta: 0 });
    const grown = walk(b, p, p + length, depth + 1, replacementLength);
    if (grown === 0) levels.length = mark;
    else {
      (levels[mark] as Level).delta = grown;
      delta += grown + sizeOf(length + grown) - sizeOf(length);
    }
    p += length;
  }
  return delta;
}

function record(b: Buffer, start: number, end: number, replacementLength: number): number {
  let isPrompt = false;
  let at = -1;
  let stop = -1;
  for (let p = start; p < end; ) {
    const field = p;
    const tag = b[p++] as number;
    if (tag !== 0x32) {
      p = skip(b, p, tag);
      continue;
    }
    const length = varint(b, p);
    p = after;
    const keyLength = b[p + 1] as number;
    if (keyLength === 10 && same(b, p + 2, eventName)) isPrompt = b[p + 15] === 11 && same(b, p + 16, userPrompt);
    else if (keyLength === 6 && same(b, p + 2, promptKey)) {
      at = field;
      stop = p + length;
    }
    p += length;
  }
  if (!isPrompt || at < 0) return 0;
  edits.push({ at, end: stop });
  return replacementLength - (stop - at);
}
