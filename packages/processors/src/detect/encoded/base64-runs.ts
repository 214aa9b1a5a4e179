import { Buffer } from 'node:buffer';
import { isPrintable, sextetOf, shortestRun, textGroups } from '../prefilter/base64.js';

/** A run of base64 that holds printable text, and that text as it decodes from one of the four characters that it may start at. */
export interface Decoded {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/**
 * What reads as base64 or base64url of text: runs, also wrapped and without padding, in which at least three groups of four characters in a row decode to
 * printable ASCII. Other text may stand directly before the encoded one, so each of the four alignments is tried.
 */
export function base64Runs(source: string): Decoded[] {
  const found: Decoded[] = [];
  let values = new Uint8Array(0);
  let count = 0;
  let from = -1;
  let last = 0;
  const finish = (): void => {
    if (count >= shortestRun) decode(values.subarray(0, count), from, last, found);
    count = 0;
    from = -1;
  };
  let escaped = false;
  for (let i = 0; i < source.length; i++) {
    const code = source.charCodeAt(i);
    if (escaped) {
      if (code === 0x5c) continue;
      escaped = false;
      if (code !== 0x6e && code !== 0x72) finish();
      continue;
    }
    const value = sextetOf(code);
    if (value >= 0) {
      if (values.length === 0) values = new Uint8Array(source.length);
      if (from < 0) from = i;
      values[count++] = value;
      last = i + 1;
    } else if (code === 0x5c) escaped = true;
    else if (code !== 0x0a && code !== 0x0d) finish();
  }
  finish();
  return found;
}

function decode(values: Uint8Array, from: number, to: number, found: Decoded[]): void {
  for (let alignment = 0; alignment < 4; alignment++) {
    const bytes = Buffer.alloc(((values.length - alignment) * 3) >> 2);
    let streak = 0;
    let isText = false;
    let length = 0;
    for (let i = alignment; i < values.length; i += 4) {
      const four =
        (values[i]! << 18) | ((values[i + 1] ?? 0) << 12) | ((values[i + 2] ?? 0) << 6) | (values[i + 3] ?? 0);
      for (let shift = 16; shift >= 0 && length < bytes.length; shift -= 8) bytes[length++] = (four >>> shift) & 255;
      streak = i + 3 < values.length && isPrintable(four) ? streak + 1 : 0;
      if (streak >= textGroups) isText = true;
    }
    if (isText) found.push({ from, to, text: bytes.toString('utf8') });
  }
}
