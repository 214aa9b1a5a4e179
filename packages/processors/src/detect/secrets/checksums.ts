import { Buffer } from 'node:buffer';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

const crcTable: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) !== 0 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

/** CRC-32 (IEEE 802.3) of ASCII text; `zlib.crc32` came with Node 22. */
export function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let i = 0; i < text.length; i++) crc = (crc >>> 8) ^ crcTable[(crc ^ text.charCodeAt(i)) & 255]!;
  return (crc ^ 0xffffffff) >>> 0;
}

/** A number in base 62, in at least six digits, as GitHub and npm end their tokens. */
export function base62(number: number): string {
  let text = '';
  for (let left = number; left > 0; left = Math.floor(left / 62)) text = digits[left % 62]! + text;
  return text.padStart(6, '0');
}

/** Whether a token ends in the CRC-32 of its random part, in six base-62 digits (GitHub, npm). */
export function hasBase62Checksum(random: string): boolean {
  const split = random.length - 6;
  return split > 0 && base62(crc32(random.slice(0, split))) === random.slice(split);
}

/** Whether text looks drawn by lot rather than written as a place holder: many different characters, and a digit or mixed case. */
export function looksRandom(text: string): boolean {
  const different = new Set(text).size;
  if (different < Math.min(7, text.length / 2) || /x{6}|X{6}|\.{3}|\*{3}/.test(text)) return false;
  if (/[0-9]/.test(text)) return !/^(?:0?123456789|x{4}|\.{3})/i.test(text);
  return /[a-z]/.test(text) && /[A-Z]/.test(text) && different >= 10;
}

/** Whether text is base64 (or base64url) of printable ASCII; then that text. */
export function decodedText(base64: string): string | undefined {
  const text = Buffer.from(base64, 'base64').toString('latin1');
  return text !== '' && /^[\t\r\n -~]+$/.test(text) ? text : undefined;
}
