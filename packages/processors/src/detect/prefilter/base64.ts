/** Groups of four base64 characters in a row that must decode to printable text for a run to be taken for text. */
export const textGroups = 4;

const values: Int8Array = new Int8Array(256).fill(-1);
for (const [value, letter] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries())
  values[letter.charCodeAt(0)] = value;
values[0x2d] = 62;
values[0x5f] = 63;

/** What a base64 or base64url character stands for, or -1. */
export const sextetOf = (code: number): number => (code < 256 ? values[code]! : -1);

/** Bytes that text consists of: ASCII without control characters other than tab and line ends. */
const printable: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d ? 1 : 0,
);

/** Whether the three bytes of a group of four characters are printable ASCII. */
export const isPrintable = (three: number): boolean =>
  (three & 0x808080) === 0 &&
  (printable[three >>> 16]! & printable[(three >>> 8) & 255]! & printable[three & 255]!) === 1;
