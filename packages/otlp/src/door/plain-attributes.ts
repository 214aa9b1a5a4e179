/**
 * Where the run of plain attributes ends that begins at `at`: the value a text or, where a byte holds the length, a number.
 *
 * Most of a request is such attributes. Each is told by two loads of four bytes from `words`, which is `b` once more: tag, length,
 * `0a`, length of the key; and behind the key `12`, length, kind, length or number.
 */
export function plainAttributes(b: Uint8Array, words: DataView, at: number, end: number): number {
  const tag = b[at]!;
  const start = tag | 0x0a0000;
  while (at + 8 <= end) {
    const head = words.getInt32(at, true);
    const n = (head >>> 8) & 255;
    const keyLength = head >>> 24;
    const rest = n - keyLength - 4;
    let stop = at + 2 + n;
    if ((head & 0xff80ff) === start && rest >= 2 && stop <= end) {
      const value = words.getInt32(at + 4 + keyLength, true);
      // One comparison for a text, which most values are.
      if (value !== ((rest << 8) | ((rest - 2) << 24) | 0x0a0012) && !isPlainNumber(b, value, rest, stop)) break;
    } else {
      if (n < 128) break;
      stop = longText(b, at, tag, end);
      if (stop === at) break;
    }
    at = stop;
  }
  return at;
}

/** Whether the four bytes behind a key, `rest` bytes before the attribute's end at `stop`, begin a double, a bool or an int. */
function isPlainNumber(b: Uint8Array, value: number, rest: number, stop: number): boolean {
  if ((value & 0xffff) !== ((rest << 8) | 0x12)) return false;
  const kind = (value >>> 16) & 255;
  const first = value >>> 24;
  if (kind === 0x18) return rest === 2 ? first < 128 : first > 127 && isLongInt(b, stop - rest + 2, stop);
  return kind === 0x21 ? rest === 9 : kind === 0x10 && rest === 2 && first < 2;
}

/** Whether [p, stop) is what follows the first byte of a varint of 64 bits in as few bytes as it takes. */
function isLongInt(b: Uint8Array, p: number, stop: number): boolean {
  const last = b[stop - 1]!;
  if (last === 0 || last > (stop - p === 9 ? 1 : stop - p > 9 ? 0 : 127)) return false;
  for (; p < stop - 1; p++) if (b[p]! < 128) return false;
  return true;
}

/** Where the attribute at `at` ends if it is a text and its length and that of its value take two bytes; else `at`. */
function longText(b: Uint8Array, at: number, tag: number, end: number): number {
  const high = b[at + 2]!;
  const keyLength = b[at + 4]!;
  if (b[at] !== tag || high === 0 || high > 127 || b[at + 3] !== 0x0a || keyLength > 127) return at;
  const stop = at + 3 + ((b[at + 1]! & 127) | (high << 7));
  const value = at + 5 + keyLength;
  if (stop > end || value + 6 > stop || b[value] !== 0x12 || b[value + 3] !== 0x0a) return at;
  const valueHigh = b[value + 2]!;
  if (b[value + 1]! < 128 || valueHigh === 0 || valueHigh > 127) return at;
  if (value + 3 + ((b[value + 1]! & 127) | (valueHigh << 7)) !== stop) return at;
  // The text's own length is up to three less than its value's, so it may still take one byte.
  const low = b[value + 4]!;
  if (low < 128) return value + 5 + low === stop ? stop : at;
  const textHigh = b[value + 5]!;
  if (textHigh === 0 || textHigh > 127 || value + 6 + ((low & 127) | (textHigh << 7)) !== stop) return at;
  return stop;
}
