/** First bytes of the keys, in the order in which they are restored. */
export const CELL = 0;
export const ROW = 1;
/** Of gauges; of cumulative series both are two more. */
export const IDENTITY = 2;
export const TIME = 3;

/** Seven bytes: a tag and a number below 2^48. */
export function keyOf(tag: number, number: number): Buffer {
  const key = Buffer.allocUnsafe(7);
  key[0] = tag;
  key.writeUIntBE(number, 1, 6);
  return key;
}

export function numberOf(key: Uint8Array): number {
  return Buffer.from(key.buffer, key.byteOffset, key.length).readUIntBE(1, 6);
}
