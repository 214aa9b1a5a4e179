import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { damageInPages } from './pages.js';

const magic = 0xbeefc0de;
/** Where a meta page has how much memory the file is mapped to, its last page's number and its transaction's. */
const mapBytesAt = 40;
const lastPageAt = 144;
const transactionAt = 152;
const metaBytes = 160;

/** What an LMDB data file tells of itself. */
export interface DataFile {
  /** What is wrong with it; undefined when nothing is. */
  readonly damage: string | undefined;
  /** Whether pages at the file's end were missing: LMDB may never have written them, or somebody has cut them off. Only reading tells. */
  readonly padded: boolean;
}

const sound: DataFile = { damage: undefined, padded: false };

/**
 * Looks at the meta pages of an LMDB data file, if there is one, makes the file as long as they say, and follows its pages. `look` changes nothing.
 *
 * LMDB maps the file and trusts it: a page beyond its end would end the process with a bus error, where one of zeros is an exception.
 */
export function inspect(path: string, how: 'mend' | 'look' = 'mend'): DataFile {
  let file: number;
  try {
    file = openSync(path, how === 'mend' ? 'r+' : 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return sound;
    if (code === 'ENOTDIR' || code === 'EISDIR') return damaged('something else is in its place');
    throw error;
  }
  try {
    const { size } = fstatSync(file);
    if (size === 0) return sound;
    const first = Buffer.alloc(metaBytes);
    if (readSync(file, first, 0, metaBytes, 0) < metaBytes || first.readUInt32LE(24) !== magic)
      return damaged('it does not begin like a store');
    const pageBytes = first.readUInt32LE(48);
    if (pageBytes < 512 || pageBytes > 65536) return damaged('its page size makes no sense');
    const second = Buffer.alloc(metaBytes);
    if (readSync(file, second, 0, metaBytes, pageBytes) < metaBytes || second.readUInt32LE(24) !== magic)
      return damaged('its second page is not that of a store');
    const [a, b] = [first.readBigUInt64LE(transactionAt), second.readBigUInt64LE(transactionAt)];
    // Transactions take turns with the two; both have none as long as the store is new.
    if ((a | b) !== 0n && (a % 2n !== 0n || (b !== a + 1n && b !== a - 1n)))
      return damaged('its heads do not follow each other');
    const newest = b > a ? second : first;
    const end = (newest.readBigUInt64LE(lastPageAt) + 1n) * BigInt(pageBytes);
    if (end > largest || end > BigInt(size) + unwritten || newest.readBigUInt64LE(mapBytesAt) > largest)
      return damaged('its size makes no sense');
    const padded = end > BigInt(size);
    if (padded && how === 'mend') ftruncateSync(file, Number(end));
    return { damage: damageInPages(file, newest, pageBytes), padded };
  } finally {
    closeSync(file);
  }
}

/** A tebibyte: no store of ours comes near. */
const largest = 1n << 40n;
/** More pages than any transaction takes and gives back unwritten. */
const unwritten = 1n << 30n;

function damaged(damage: string): DataFile {
  return { damage, padded: false };
}
