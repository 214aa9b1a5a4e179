/** Percent-encoding, as RFC 3986 section 2.1 has it and W3C Baggage borrows it. */

/** Whether two hexadecimal digits follow every percent sign. */
export function decodesPercent(text: string): boolean {
  for (let at = text.indexOf('%'); at >= 0; at = text.indexOf('%', at + 1)) if (!isEncoded(text, at)) return false;
  return true;
}

/** Whether two hexadecimal digits follow the percent sign at a position. */
export function isEncoded(text: string, at: number): boolean {
  return isHex(text.charCodeAt(at + 1)) && isHex(text.charCodeAt(at + 2));
}

/** Percent-decodes a text in which {@link decodesPercent}; octets that are not UTF-8 become U+FFFD. */
export function decodePercent(text: string): string {
  if (!text.includes('%')) return text;
  const octets: number[] = [];
  const from = Buffer.from(text);
  for (let i = 0; i < from.length; i++) {
    if (from[i] === 0x25) {
      octets.push(Number.parseInt(String.fromCharCode(from[i + 1]!, from[i + 2]!), 16));
      i += 2;
    } else octets.push(from[i]!);
  }
  return Buffer.from(octets).toString();
}

/** Percent-encodes one character as UTF-8; half a surrogate pair becomes U+FFFD. */
export function encodePercent(character: string): string {
  let out = '';
  for (const octet of Buffer.from(character)) out += `%${octet < 16 ? '0' : ''}${octet.toString(16).toUpperCase()}`;
  return out;
}

function isHex(c: number): boolean {
  return (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x46) || (c >= 0x61 && c <= 0x66);
}
