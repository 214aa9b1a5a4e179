/** Groups of four base64 characters in a row that must decode to printable text for a run to be taken for text. */
export const textGroups = 3;

/** Fewest base64 characters that are looked at. */
export const shortestRun = 16;

/** What each base64 or base64url character stands for; 255 for other bytes. */
const sextets: Uint8Array = new Uint8Array(256).fill(255);
for (const [value, letter] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries())
  sextets[letter.charCodeAt(0)] = value;
sextets[0x2d] = 62;
sextets[0x5f] = 63;

/** What a base64 or base64url character stands for, or -1. */
export const sextetOf = (code: number): number => (code < 256 && sextets[code]! < 64 ? sextets[code]! : -1);

/** Bytes that text consists of: ASCII without control characters other than tab and line ends. */
const printable: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d ? 1 : 0,
);

/** Whether the three bytes of a group of four characters are printable ASCII. */
export const isPrintable = (three: number): boolean =>
  (three & 0x808080) === 0 &&
  (printable[three >>> 16]! & printable[(three >>> 8) & 255]! & printable[three & 255]!) === 1;

/**
 * Whether a run of nothing but base64 decodes to text somewhere, from any of the four alignments.
 * Of as many groups in a row as must be printable, one is looked at, and its neighbours only if it is.
 */
export function decodesToText(bytes: Uint8Array, from: number, to: number): boolean {
  for (let block = from + 4 * (textGroups - 1); block + 4 <= to; block += 4 * textGroups) {
    for (let at = block; at < block + 4 && at + 4 <= to; at++) {
      // The first bit of each of the three bytes, which is 0 in ASCII.
      if (((sextets[bytes[at]!]! & 32) | (sextets[bytes[at + 1]!]! & 8) | (sextets[bytes[at + 2]!]! & 2)) !== 0)
        continue;
      if (!groupAt(bytes, at)) continue;
      let streak = 1;
      for (let left = at - 4; left >= from && groupAt(bytes, left); left -= 4) if (++streak >= textGroups) return true;
      for (let right = at + 4; right + 4 <= to && groupAt(bytes, right); right += 4)
        if (++streak >= textGroups) return true;
    }
  }
  return false;
}

const groupAt = (bytes: Uint8Array, at: number): boolean =>
  isPrintable(
    (sextets[bytes[at]!]! << 18) |
      (sextets[bytes[at + 1]!]! << 12) |
      (sextets[bytes[at + 2]!]! << 6) |
      sextets[bytes[at + 3]!]!,
  );

/** {@link decodesToText} for a run with line ends in it, also escaped ones. */
export function wrappedDecodesToText(bytes: Uint8Array, from: number, to: number): boolean {
  let four = 0xffffff; // the last four characters, as three bytes
  let streaks = 0; // for each of the four alignments how many groups in a row were printable, four bits each
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    // Line ends, backslashes and the letter behind a backslash, which is an n or an r.
    if (sextets[byte] === 255 || (i > from && bytes[i - 1] === 0x5c)) continue;
    four = ((four << 6) | sextets[byte]!) & 0xffffff;
    const streak = isPrintable(four) ? (streaks & 15) + 1 : 0;
    if (streak >= textGroups) return true;
    streaks = (streaks >>> 4) | (streak << 12);
  }
  return false;
}
