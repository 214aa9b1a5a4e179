import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { withinFile } from './pages.js';

const magic = 0xbeefc0de;
/** Where a meta page has its last page's number and its transaction's. */
const lastPageAt = 144;
/** Where it has the first page of the list of free pages, and of the data. */
const rootsAt: readonly number[] = [88, 136];
const transactionAt = 152;
const metaBytes = 160;

/**
 * What is wrong with an LMDB data file, as far as its two meta pages tell, and those that they lead to when pages are missing; undefined when nothing is, or there is no file yet.
 *
 * LMDB maps the file and trusts it: one that is cut off would end the process with a bus error instead of an exception.
 */
export function damageOf(path: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { size } = fstatSync(file);
    if (size === 0) return undefined;
    const first = Buffer.alloc(metaBytes);
    if (readSync(file, first, 0, metaBytes, 0) < metaBytes || first.readUInt32LE(24) !== magic)
      return 'it does not begin like a store';
    const pageBytes = first.readUInt32LE(48);
    if (pageBytes < 512 || pageBytes > 65536) return 'its page size makes no sense';
    const second = Buffer.alloc(metaBytes);
    if (readSync(file, second, 0, metaBytes, pageBytes) < metaBytes || second.readUInt32LE(24) !== magic)
      return 'its second page is not that of a store';
    const newest = second.readBigUInt64LE(transactionAt) > first.readBigUInt64LE(transactionAt) ? second : first;
    const pages = newest.readBigUInt64LE(lastPageAt) + 1n;
    if (pages * BigInt(pageBytes) <= BigInt(size)) return undefined;
    const roots = rootsAt.map((at) => newest.readBigUInt64LE(at));
    return withinFile(file, size, pageBytes, roots) ? undefined : 'it has been cut off';
  } finally {
    closeSync(file);
  }
}
