/** Unknown fields may nest this deep before the text is refused. */
const MAX_UNKNOWN_DEPTH = 512;

/** What the scanner throws; the parser adds request and path. */
export class Fault {
  declare readonly code: 'not-json' | 'malformed' | 'too-deep';
  declare readonly what: string;
  declare readonly at: number;

  constructor(code: 'not-json' | 'malformed' | 'too-deep', what: string, at: number) {
    this.code = code;
    this.what = what;
    this.at = at;
  }
}

const POWERS: readonly number[] = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** JSON text as bytes, and how far it was read. */
export class Source {
  declare bytes: Buffer;
  declare view: DataView;
  declare p: number;
  /** The last integer's magnitude as two unsigned halves, and its sign. */
  declare high: number;
  declare low: number;
  declare negative: boolean;

  constructor() {
    this.bytes = Buffer.alloc(0);
    this.view = new DataView(this.bytes.buffer);
    this.p = 0;
    this.high = 0;
    this.low = 0;
    this.negative = false;
  }

  /** Starts over on another text. */
  begin(bytes: Buffer): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.p = 0;
  }

  fail(what: string, at: number = this.p, code: 'not-json' | 'malformed' | 'too-deep' = 'not-json'): never {
    throw new Fault(code, what, at);
  }

  /** Skips white space and returns the byte behind it, -1 at the end. */
  space(): number {
    const b = this.bytes;
    let p = this.p;
    for (; p < b.length; p++) {
      const c = b[p]!;
      if (c > 0x20) {
        this.p = p;
        return c;
      }
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09)
        this.fail('expected JSON, found a control character', p);
    }
    this.p = p;
    return -1;
  }

  /** `null`, `true` or `false`, at `p`. */
  literal(word: string): void {
    const { bytes, p } = this;
    for (let i = 0; i < word.length; i++) if (bytes[p + i] !== word.charCodeAt(i)) this.fail('expected a JSON value');
    this.p = p + word.length;
  }

  /** An integer, as a number or in quotes, into `high`, `low` and `negative`. */
  integer(): void {
    const b = this.bytes;
    const start = this.p;
    let p = start;
    const quoted = b[p] === 0x22;
    if (quoted) p++;
    const from = p;
    const minus = b[p] === 0x2d;
    if (minus) p++;
    let digit = b[p]! - 48;
    if (!(digit >= 0 && digit <= 9))
      this.fail('expected an integer (OTLP/JSON has no names for enum values)', start, 'malformed');
    const first = p;
    let head = 0;
    for (const stop = p + 15; p < stop && digit >= 0 && digit <= 9; digit = b[++p]! - 48) head = head * 10 + digit;
    let high = Math.floor(head / 4294967296);
    let low = head - high * 4294967296;
    for (; digit >= 0 && digit <= 9; digit = b[++p]! - 48) {
      low = low * 10 + digit;
      const carry = Math.floor(low / 4294967296);
      low -= carry * 4294967296;
      high = high * 10 + carry;
      if (high >= 4294967296) this.fail('expected an integer of at most 64 bits', start, 'malformed');
    }
    const code = quoted ? 'malformed' : 'not-json';
    if (b[first] === 48 && p > first + 1) this.fail('expected a number without leading zeros', start, code);
    const c = b[p];
    if (c === 0x2e || c === 0x65 || c === 0x45) {
      // 1.0 and 1e3 are integers to protobuf's JSON mapping.
      this.p = from;
      const value = Math.abs(this.number(code));
      p = this.p;
      if (!Number.isSafeInteger(value)) this.fail('expected an integer', start, 'malformed');
      high = Math.floor(value / 4294967296);
      low = value - high * 4294967296;
    }
    if (quoted && b[p++] !== 0x22) this.fail('expected an integer', start, 'malformed');
    this.p = p;
    this.high = high;
    this.low = low;
    this.negative = minus && (high !== 0 || low !== 0);
  }

  /** A double: a number, a number in quotes, or "NaN", "Infinity", "-Infinity". */
  double(): number {
    const start = this.p;
    const c = this.bytes[start]!;
    if (c === 0x2d || (c >= 0x30 && c <= 0x39)) return this.number();
    if (c !== 0x22) this.fail('expected a number', start, 'malformed');
    let end = start + 1;
    while (end < this.bytes.length && this.bytes[end] !== 0x22) end++;
    const text = this.bytes.toString('latin1', start + 1, end);
    let value: number;
    if (text === 'NaN') value = Number.NaN;
    else if (text === 'Infinity') value = Number.POSITIVE_INFINITY;
    else if (text === '-Infinity') value = Number.NEGATIVE_INFINITY;
    else {
      if (!/^-?[0-9]/.test(text)) this.fail('expected a number, "NaN", "Infinity" or "-Infinity"', start, 'malformed');
      this.p++;
      value = this.number('malformed');
      if (this.p !== end) this.fail('expected a number', start, 'malformed');
    }
    this.p = end + 1;
    return value;
  }

  /** A JSON number; `code` is for what is none, which in quotes is still JSON. */
  number(code: 'not-json' | 'malformed' = 'not-json'): number {
    const b = this.bytes;
    const start = this.p;
    let p = start;
    if (b[p] === 0x2d) p++;
    const first = p;
    let mantissa = 0;
    let digit = b[p]! - 48;
    for (; digit >= 0 && digit <= 9; digit = b[++p]! - 48) mantissa = mantissa * 10 + digit;
    let digits = p - first;
    if (digits === 0) this.fail('expected a digit', p, code);
    if (b[first] === 48 && digits > 1) this.fail('expected a number without leading zeros', start, code);
    let scale = 0;
    if (b[p] === 0x2e) {
      const point = ++p;
      digit = b[p]! - 48;
      for (; digit >= 0 && digit <= 9; digit = b[++p]! - 48) mantissa = mantissa * 10 + digit;
      scale = point - p;
      digits -= scale;
      if (scale === 0) this.fail('expected a digit', p, code);
    }
    if (b[p] === 0x65 || b[p] === 0x45) {
      p++;
      const down = b[p] === 0x2d;
      if (down || b[p] === 0x2b) p++;
      const from = p;
      let exponent = 0;
      digit = b[p]! - 48;
      for (; digit >= 0 && digit <= 9; digit = b[++p]! - 48) exponent = exponent * 10 + digit;
      if (p === from) this.fail('expected a digit', p, code);
      scale += down ? -exponent : exponent;
    }
    this.p = p;
    // Up to 15 digits and 10^22 are exact doubles, so one multiplication or division rounds correctly.
    if (digits <= 15 && scale >= -22 && scale <= 22) {
      const value = scale < 0 ? mantissa / POWERS[-scale]! : mantissa * POWERS[scale]!;
      return first > start ? -value : value;
    }
    const value = Number(b.toString('latin1', start, p));
    if (!Number.isFinite(value)) this.fail('expected a number within the range of a double', start, 'malformed');
    return value;
  }

  /** Moves behind the string that opens at `p` without reading it; up to `from` it was looked through. */
  skipString(from: number = this.p + 1): void {
    const b = this.bytes;
    for (let p = from; p < b.length; p++) {
      const c = b[p]!;
      if (c === 0x22) {
        this.p = p + 1;
        return;
      }
      if (c < 0x20) this.fail('expected a string without control characters', p);
      if (c === 0x5c) p += this.escape(p) - 1;
    }
    this.fail('expected the end of a string', b.length);
  }

  /** Length of the escape sequence at p: 2, or 6 for \u. */
  escape(p: number): number {
    switch (this.bytes[p + 1]) {
      case 0x22:
      case 0x5c:
      case 0x2f:
      case 0x62:
      case 0x66:
      case 0x6e:
      case 0x72:
      case 0x74:
        return 2;
      case 0x75:
        if (this.codeUnit(p + 2) < 0) this.fail('expected four hex digits', p);
        return 6;
      default:
        return this.fail('expected an escape sequence of JSON', p);
    }
  }

  /** Four hex digits, -1 when they are not. */
  codeUnit(p: number): number {
    let unit = 0;
    for (let i = p; i < p + 4; i++) {
      const digit = hexDigit(this.bytes[i]);
      if (digit < 0) return -1;
      unit = unit * 16 + digit;
    }
    return unit;
  }

  /** Passes over a value nobody reads; it must be JSON all the same. */
  skipValue(depth = 0): void {
    if (depth > MAX_UNKNOWN_DEPTH) this.fail(`values nest more than ${MAX_UNKNOWN_DEPTH} deep`, this.p, 'too-deep');
    const c = this.space();
    if (c === 0x22) this.skipString();
    else if (c === 0x7b || c === 0x5b) {
      const close = c + 2;
      this.p++;
      if (this.space() === close) {
        this.p++;
        return;
      }
      for (;;) {
        if (close === 0x7d) {
          if (this.space() !== 0x22) this.fail('expected a name in double quotes');
          this.skipString();
          if (this.space() !== 0x3a) this.fail('expected a colon');
          this.p++;
        }
        this.skipValue(depth + 1);
        const next = this.space();
        if (next !== 0x2c && next !== close) this.fail(`expected a comma or ${String.fromCharCode(close)}`);
        this.p++;
        if (next === close) return;
      }
    } else if (c === 0x6e) this.literal('null');
    else if (c === 0x74) this.literal('true');
    else if (c === 0x66) this.literal('false');
    else if (c === 0x2d || (c >= 0x30 && c <= 0x39)) this.number();
    else this.fail('expected a JSON value');
  }
}

/** Value of a hex digit in ASCII, -1 for anything else. */
export function hexDigit(c: number | undefined): number {
  if (c === undefined) return -1;
  if (c >= 48 && c <= 57) return c - 48;
  const lower = c | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
