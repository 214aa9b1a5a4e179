const backslash = 0x5c;
const percent = 0x25;
const letterU = 0x75;
/** Shorter runs of base64 cannot hold a piece. */
const shortestRun = 11;

/**
 * The bytes as they are, and as they read when what is encoded in them is decoded: JSON's `\u` escapes, percent escapes, and base64 in the
 * alphabet of texts or of URLs, beginning at any of the four places of a quantum.
 */
export function* views(bytes: Uint8Array): Iterable<Uint8Array> {
  yield bytes;
  const unescaped = replaced(bytes, backslash, 6, (at) => (bytes[at + 1] === letterU ? hex(bytes, at + 2, 4) : -1));
  if (unescaped !== undefined) yield unescaped;
  const plain = replaced(bytes, percent, 3, (at) => hex(bytes, at + 1, 2));
  if (plain !== undefined) yield plain;
  const decoded = base64Runs(bytes);
  if (decoded.length > 0) yield decoded;
}

/** Replaces sequences of `length` bytes that begin with `first` by the byte that they mean; undefined when there is none. */
function replaced(
  bytes: Uint8Array,
  first: number,
  length: number,
  meaning: (at: number) => number,
): Uint8Array | undefined {
  if (bytes.indexOf(first) < 0) return undefined;
  const out = Buffer.allocUnsafe(bytes.length);
  let size = 0;
  let found = false;
  for (let at = 0; at < bytes.length; ) {
    const code = bytes[at] === first && at + length <= bytes.length ? meaning(at) : -1;
    found ||= code >= 0;
    // Pieces are ASCII: what lies above is only kept from joining what stands around it.
    out[size++] = code < 0 ? bytes[at]! : code & 0xff;
    at += code < 0 ? 1 : length;
  }
  return found ? out.subarray(0, size) : undefined;
}

function hex(bytes: Uint8Array, at: number, digits: number): number {
  let value = 0;
  for (let i = at; i < at + digits; i++) {
    const digit = digitOf(bytes[i]!);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}

const inBase64 = new Uint8Array(256);
for (const letter of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_')
  inBase64[letter.charCodeAt(0)] = 1;

function base64Runs(bytes: Uint8Array): Uint8Array {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const parts: Uint8Array[] = [];
  for (let from = 0; from < bytes.length; ) {
    let to = from;
    while (to < bytes.length && inBase64[bytes[to]!] === 1) to++;
    if (to - from >= shortestRun) {
      for (let offset = 0; offset < 4; offset++)
        parts.push(Buffer.from(buffer.toString('latin1', from + offset, to), 'base64'), separator);
    }
    from = to + 1;
  }
  return Buffer.concat(parts);
}

const separator = Buffer.of(0);
