/**
 * The grammar of W3C Baggage, which OTEL_RESOURCE_ATTRIBUTES borrows: https://www.w3.org/TR/baggage/#definition
 */
import { encodePercent, isEncoded } from './percent.js';

/** What is wrong with a key or value. */
export type BaggageFault =
  /** Nothing where a key must be. */
  | 'empty'
  /** A blank or tab. */
  | 'space'
  /** A `"`. */
  | 'quote'
  /** A `,`, `;`, `\`, or in a key another separator such as `=` or `/`. */
  | 'delimiter'
  /** A control character, such as a line feed. */
  | 'control'
  /** A character outside ASCII. */
  | 'non-ascii'
  /** A `%` that two hexadecimal digits do not follow. */
  | 'percent'
  /** No `=` between key and value. */
  | 'no-value'
  /** More than 64 members. */
  | 'too-many'
  /** More than 8192 bytes. */
  | 'too-long';

const TOKEN = 1;
const VALUE = 2;

// Per octet: may it stand in a key (RFC 7230 token), in a value (baggage-octet)?
const octets = new Uint8Array(128);
for (const c of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
  octets[c.charCodeAt(0)]! |= TOKEN;
for (let c = 0x21; c <= 0x7e; c++) if (c !== 0x22 && c !== 0x2c && c !== 0x3b && c !== 0x5c) octets[c]! |= VALUE;

/** What is wrong with a key, which must be an RFC 7230 token; undefined when nothing is. */
export function checkKey(key: string): BaggageFault | undefined {
  return key === '' ? 'empty' : firstFault(key, TOKEN);
}

/** What is wrong with a value, which must be percent-encoded baggage octets; undefined when nothing is. It may be empty. */
export function checkValue(value: string): BaggageFault | undefined {
  return firstFault(value, VALUE);
}

/** Percent-encodes what may not stand in a key, as UTF-8. */
export function encodeKey(key: string): string {
  return encode(key, TOKEN);
}

/** Percent-encodes what may not stand in a value, as UTF-8; what is encoded already stays. */
export function encodeValue(value: string): string {
  return encode(value, VALUE);
}

/** Takes off the double quotes around a value, which a shell or a settings file left there. */
export function unquote(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

function firstFault(text: string, set: number): BaggageFault | undefined {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c > 127) return 'non-ascii';
    if ((octets[c]! & set) === 0) {
      if (c === 0x20 || c === 0x09) return 'space';
      if (c < 0x20 || c === 0x7f) return 'control';
      return c === 0x22 ? 'quote' : 'delimiter';
    }
    // In a key a percent sign is an ordinary token character.
    if (c === 0x25 && set === VALUE && !isEncoded(text, i)) return 'percent';
  }
  return undefined;
}

function encode(text: string, set: number): string {
  if (firstFault(text, set) === undefined) return text;
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const stays = c < 128 && (octets[c]! & set) !== 0 && !(c === 0x25 && set === VALUE && !isEncoded(text, i));
    if (stays) out += text[i];
    else {
      // A pair of surrogates is one character; a lone one becomes U+FFFD.
      const character = String.fromCodePoint(text.codePointAt(i)!);
      out += encodePercent(character);
      i += character.length - 1;
    }
  }
  return out;
}
