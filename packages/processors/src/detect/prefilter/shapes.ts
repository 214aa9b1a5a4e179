import { bitOf, membership, startsWord } from './alphabets.js';

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
const isUpper = (byte: number): boolean => byte >= 0x41 && byte <= 0x5a;
const isLetter = (byte: number): boolean => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
const isHex = (byte: number): boolean => isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);

const startsWith = (bytes: Uint8Array, i: number, text: string): boolean => {
  for (let k = 0; k < text.length; k++) if (bytes[i + k] !== text.charCodeAt(k)) return false;
  return true;
};

/** Whether what stands around the `@` at `i` can be an e-mail address. */
export function atSign(bytes: Uint8Array, i: number, from: number, to: number): boolean {
  if (i === from || i + 3 >= to) return false;
  const before = bytes[i - 1]!;
  // A mail box ends in a letter, a digit, one of _+-%'" or something that is not ASCII.
  if (before < 0x80 && (membership[before]! & bitOf.url) === 0 && before !== 0x2b && before !== 0x25 && before !== 0x27)
    return false;
  for (let at = i + 1, end = Math.min(to, i + 256); at < end; at++) {
    const byte = bytes[at]!;
    // The last label of a host is no number.
    if (byte === 0x2e && at > i + 1 && at + 1 < to && (bytes[at + 1]! >= 0x80 || isLetter(bytes[at + 1]!))) return true;
    if (byte < 0x80 && (membership[byte]! & bitOf.dotted) === 0) return false;
  }
  return false;
}

/** Whether a byte may stand between two groups of digits: . - / ) or a blank. */
const joinsGroups = (byte: number): boolean =>
  byte === 0x2e || byte === 0x20 || byte === 0x2d || byte === 0x2f || byte === 0x29;

/** Fewest digits of a card number that begins with this one: issuers of 4, 5 and 6 have 13, of 3 14 and of 2 16. */
const leastCardDigits = (first: number): number =>
  first >= 0x34 && first <= 0x36 ? 13 : first === 0x33 ? 14 : first === 0x32 ? 16 : Number.POSITIVE_INFINITY;

/** Whether the group of digits that starts at `i` begins something like a dotted address, a phone number or a card number. */
export function numberAt(bytes: Uint8Array, i: number, from: number, to: number): boolean {
  // Most groups are followed by nothing that joins groups, and are shorter than the number of a card.
  let after = i + 1;
  while (after < to && after < i + 13 && isDigit(bytes[after]!)) after++;
  if (after < i + 13 && (after >= to || !joinsGroups(bytes[after]!))) return false;
  if (!startsWord(bytes, i, from)) return false;
  // Behind a dash that goes on from a word, as in dates and ids, there can only be an address.
  if (i > from && bytes[i - 1] === 0x2d && bytes[after] !== 0x2e && !startsWord(bytes, i - 1, from)) return false;
  const end = Math.min(to, i + 40);
  let digits = 0; // of all groups that blanks and dashes join
  let dotted = 0; // short groups that dots join
  let group = 0; // of this group
  let groups = 0;
  let lengths = 0; // of the groups before this one, four bits each
  const first = bytes[i]!;
  for (let at = i; at <= end; at++) {
    const byte = at < end ? bytes[at]! : 0;
    if (isDigit(byte)) {
      group++;
      digits++;
      continue;
    }
    // A digit group has ended.
    if (group === 0 || group > 19 || (membership[byte]! & bitOf.word) !== 0) return false;
    if (digits >= leastCardDigits(first)) return true;
    if (group > 15) return false;
    lengths = (lengths << 4) | group;
    groups++;
    if ((lengths & 0xfff) === 0x334) return true;
    if (first === 0x30 && groups > 1 && digits >= 9 && bytes[i + 1]! >= 0x31 && isDigit(bytes[i + 1]!)) return true;
    dotted = group <= 3 ? dotted + 1 : 0;
    // 0.0.0.0 and 127.0.0.1 are nobody's.
    if (dotted === 4 && groups === 4) return !startsWith(bytes, i, '0.') && !startsWith(bytes, i, '127.');
    if (byte !== 0x2e) dotted = 0;
    group = 0;
    // One separator, or a closing parenthesis and one, or a dash between blanks.
    if (!joinsGroups(byte)) return false;
    if (at + 1 < end && !isDigit(bytes[at + 1]!)) {
      const next = bytes[at + 1]!;
      if (next === 0x20 || next === 0x28 || next === 0x2d || next === 0x2f) at++;
    }
  }
  return false;
}

/** Whether the `+` at `i` begins an international phone number: at least seven digits. */
export function plusAt(bytes: Uint8Array, i: number, to: number): boolean {
  let digits = 0;
  for (let at = i + 1, end = Math.min(to, i + 24); at < end; at++) {
    const byte = bytes[at]!;
    if (isDigit(byte)) {
      if (digits === 0 && byte === 0x30) return false;
      if (++digits === 7) return true;
    } else if (
      digits === 0 ||
      (byte !== 0x20 && byte !== 0x2d && byte !== 0x2e && byte !== 0x28 && byte !== 0x29 && byte !== 0x2f)
    )
      return false;
  }
  return false;
}

/** Whether the digit at `i` is the first of the two check digits of an IBAN. */
export function ibanAt(bytes: Uint8Array, i: number, from: number, to: number): boolean {
  if (i - 2 < from || i + 12 >= to) return false;
  if (!isUpper(bytes[i - 1]!) || !isUpper(bytes[i - 2]!) || !isDigit(bytes[i + 1]!)) return false;
  if (!startsWord(bytes, i - 2, from)) return false;
  let more = 0;
  for (let at = i + 2, end = Math.min(to, i + 24); at < end; at++) {
    const byte = bytes[at]!;
    if (isDigit(byte) || isUpper(byte)) {
      if (++more === 11) return true;
    } else if (byte !== 0x20) return false;
  }
  return false;
}

/** Whether the colon at `i` stands in an IPv6 address: a double colon at the edge of hexadecimal groups, or the seventh single one. */
export function colonAt(bytes: Uint8Array, i: number, from: number, to: number): boolean {
  if (i + 1 < to && bytes[i + 1] === 0x3a) {
    let hasDigit = false;
    let at = i + 2;
    for (; at < to && at < i + 6 && isHex(bytes[at]!); at++) hasDigit ||= isDigit(bytes[at]!);
    // Behind the group comes another one, a dot of an IPv4 tail, or no word.
    if (at < to && (membership[bytes[at]!]! & bitOf.word) !== 0) return false;
    const goesOn = at < to && (bytes[at] === 0x3a || bytes[at] === 0x2e);
    const after = at - i - 2;
    for (at = i; at > from && at > i - 4 && isHex(bytes[at - 1]!); at--) hasDigit ||= isDigit(bytes[at - 1]!);
    if (!startsWord(bytes, at, from)) return false;
    // Without a digit it is a name in code: a::b.
    return (hasDigit || goesOn || (at > from && bytes[at - 1] === 0x3a)) && (after > 0 || at < i);
  }
  // Seven colons behind each other, with one to four digits between them.
  let at = i;
  for (let colon = 1; colon < 7; colon++) {
    let group = 0;
    while (at + 1 < to && group < 5 && isHex(bytes[at + 1]!)) {
      at++;
      group++;
    }
    if (group === 0 || group > 4 || at + 1 >= to || bytes[at + 1] !== 0x3a) return false;
    at++;
  }
  return true;
}

/** Whether the dot at `i` is the first of two, with six or seven characters between them and twenty or more before. */
export function dotAt(bytes: Uint8Array, i: number, from: number, to: number): boolean {
  if (i - 20 < from || i + 20 >= to) return false;
  const second = bytes[i + 7] === 0x2e ? i + 7 : bytes[i + 8] === 0x2e ? i + 8 : 0;
  if (second === 0) return false;
  for (let at = i - 20; at < i; at++) if ((membership[bytes[at]!]! & bitOf.base62) === 0) return false;
  for (let at = i + 1; at < second; at++) if ((membership[bytes[at]!]! & bitOf.url) === 0) return false;
  return true;
}

/** Whether the `@` at `i` ends the user's part of a URL: `://` stands before it, without a slash or a blank between. */
export function userInfoAt(bytes: Uint8Array, i: number, from: number): boolean {
  // Longest user, colon and password in UTF-8 that are looked for.
  const first = Math.max(from, i - 3 * 800);
  for (let at = i - 1; at >= first; at--) {
    const byte = bytes[at]!;
    // Before another @ it was looked for already.
    if (byte <= 0x20 || byte === 0x40) return false;
    if (byte === 0x2f) return at - 2 >= from && bytes[at - 1] === 0x2f && bytes[at - 2] === 0x3a;
  }
  return false;
}

/** Whether there is a word of 20 or more characters of base64 with letters and digits in it. */
export function hasDenseWord(bytes: Uint8Array, from: number, to: number): boolean {
  let length = 0;
  let mix = 0;
  for (let i = from; i < to; i++) {
    const alphabet = membership[bytes[i]!]!;
    if ((alphabet & bitOf.base64) === 0) {
      length = 0;
      mix = 0;
      continue;
    }
    mix |= isDigit(bytes[i]!) ? 1 : 2;
    if (++length >= 20 && mix === 3) return true;
  }
  return false;
}
