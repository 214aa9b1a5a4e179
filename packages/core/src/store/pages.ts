import { readSync } from 'node:fs';

/** Offsets within a page count from behind its header. */
const headerBytes = 24;
const flagsAt = 18;
const lowerAt = 20;
const branch = 1;
const leaf = 2;
const nodeBytes = 8;
/** A node's data is on pages of its own. */
const bigData = 1;
/** No page. */
const none = 0xffffffffffffffffn;

/**
 * Whether all pages that the trees below these roots use lie within the first `size` bytes of an LMDB data file.
 *
 * That a file is shorter than the pages it counts proves nothing: a page that was taken and given up in one transaction is counted, never
 * written and never read, and at the end of the file it is simply not there.
 */
export function withinFile(file: number, size: number, pageBytes: number, roots: readonly bigint[]): boolean {
  const inFile = BigInt(Math.floor(size / pageBytes));
  const left = roots.filter((root) => root !== none);
  const page = Buffer.alloc(pageBytes);
  const seen = new Set<bigint>();
  for (let number = left.pop(); number !== undefined; number = left.pop()) {
    if (number >= inFile || seen.has(number)) return false;
    seen.add(number);
    readSync(file, page, 0, pageBytes, Number(number) * pageBytes);
    const flags = page.readUInt16LE(flagsAt) & (branch | leaf);
    const end = headerBytes + page.readUInt16LE(lowerAt);
    if ((flags !== branch && flags !== leaf) || end > pageBytes) return false;
    for (let at = headerBytes; at < end; at += 2) {
      const node = headerBytes + page.readUInt16LE(at);
      if (node + nodeBytes > pageBytes) return false;
      if (flags === branch) left.push(BigInt(page.readUInt32LE(node)) | (BigInt(page.readUInt16LE(node + 4)) << 32n));
      else if ((page.readUInt16LE(node + 4) & bigData) !== 0) {
        const data = node + nodeBytes + page.readUInt16LE(node + 6);
        if (data + 8 > pageBytes) return false;
        const pages = Math.ceil((headerBytes + page.readUInt32LE(node)) / pageBytes);
        if (page.readBigUInt64LE(data) + BigInt(pages) > inFile) return false;
      }
    }
  }
  return true;
}
