import type { Random } from './random.js';

/** No input grows past this: long ones find little that short ones do not, and take their time. */
export const longest: number = 16 * 1024;

const telling: readonly number[] = [0, 1, 2, 7, 0x0a, 0x12, 0x1a, 0x22, 0x2a, 0x7f, 0x80, 0x81, 0xc0, 0xf0, 0xfe, 0xff];
const none = Buffer.alloc(0);

/** One to eight edits of bytes: set, flipped, cut, inserted, repeated, moved, replaced by a part of the other input. */
export function mutateBytes(input: Buffer, other: Buffer, random: Random): Buffer {
  let bytes: Buffer = Buffer.from(input);
  for (let edits = 1 + (random.bits() & random.bits() & 7); edits > 0; edits--) bytes = edit(bytes, other, random);
  return bytes.length > longest ? bytes.subarray(0, longest) : bytes;
}

function edit(bytes: Buffer, other: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const run = 1 + random.below(random.below(2) === 0 ? 4 : Math.min(64, bytes.length + 1));
  switch (random.below(10)) {
    case 0:
      if (at < bytes.length) bytes[at] = random.bits();
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at]! ^= 1 << random.below(8);
      return bytes;
    case 2:
      if (at < bytes.length) bytes[at] = random.pick(telling);
      return bytes;
    case 3:
      // Lengths are off by a little more often than by much.
      if (at < bytes.length) bytes[at]! += random.below(2) === 0 ? 1 : -1;
      return bytes;
    case 4:
      return splice(bytes, at, at + run, none);
    case 5:
      return splice(bytes, at, at, Buffer.from(Array.from({ length: run & 7 }, () => random.pick(telling))));
    case 6:
      return splice(bytes, at, at, bytes.subarray(at, at + run));
    case 7: {
      const from = random.below(bytes.length + 1);
      return splice(bytes, at, at, Buffer.from(bytes.subarray(from, from + run)));
    }
    case 8: {
      const from = random.below(other.length + 1);
      return splice(bytes, at, at + random.below(run), other.subarray(from, from + run));
    }
    default:
      return random.below(8) === 0 ? bytes.subarray(0, at) : bytes;
  }
}

/** The bytes with [from, to) replaced. */
export function splice(bytes: Buffer, from: number, to: number, by: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(Math.min(to, bytes.length))]);
}
