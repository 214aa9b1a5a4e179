/** Calls `note` for each page number of a list of free pages, which stands behind its length; false when one makes no sense, or to `note`. */
export function freeIn(list: Buffer, note: (page: number) => boolean): boolean {
  const count = list.length < 8 ? -1 : Number(list.readBigUInt64LE(0));
  if (count < 0 || 8 + 8 * count > list.length) return false;
  let length = 1;
  for (let i = 1; i <= count; i++) {
    const number = Number(list.readBigInt64LE(8 * i));
    // A negative number says how many pages there are from the next one on; zeros are gaps.
    if (number < 0) length = -number;
    else if (number > 0) {
      for (let at = 0; at < length; at++) if (!note(number + at)) return false;
      length = 1;
    }
  }
  return true;
}
