import { readSync } from 'node:fs';

// Of LMDB's files: what a page, a node of one, and the tree of a database begin with, in bytes.
const pageHead = 24;
const nodeHead = 8;
const treeBytes = 48;
/** Where the two trees of a meta page are: pages that are free, and what was stored. */
const treesAt = 48;
const flagsInTree = 4;
const rootInTree = 40;
/** Where a page has its kind and the end of its list of nodes. */
const kindAt = 18;
const listEndAt = 20;
const branch = 1;
const leaf = 2;
/** The value is on pages of its own, and the node has where and how many. */
const elsewhere = 1;
const placeBytes = 24;
/** Databases within a value, which no store of ours has. */
const nested = 0x04;
const nowhere = 0xffffffffffffffffn;
/** Deeper than any tree of a tebibyte. */
const deepest = 32;
/** So many pages are looked at, a quarter of a gibibyte of keys: a start takes no longer however large a store is. */
const most = 65_536;

/**
 * Follows the trees of a meta page and says whether something in them leads nowhere; undefined when all is where it should be.
 *
 * LMDB trusts what it maps: a page number beyond the file's end, or a node beyond its page's, ends the process with a signal at every start.
 * Values on pages of their own are not read.
 */
export function damageInPages(file: number, meta: Buffer, pageBytes: number): string | undefined {
  const pages = new Pages(file, pageBytes, Number(meta.readBigUInt64LE(treesAt + 2 * treeBytes)));
  for (const [at, isFree] of [
    [treesAt, true],
    [treesAt + treeBytes, false],
  ] as const) {
    if ((meta.readUInt16LE(at + flagsInTree) & nested) !== 0) return 'its head contradicts itself';
    const root = meta.readBigUInt64LE(at + rootInTree);
    if (root !== nowhere && !pages.areSound(Number(root), isFree, 0)) return 'one of its pages contradicts itself';
  }
  return undefined;
}

class Pages {
  readonly #file: number;
  readonly #pageBytes: number;
  readonly #last: number;
  readonly #seen: Set<number> = new Set();
  /** The page of the key that was looked at last, and where it begins and ends there. */
  #before: Buffer | undefined;
  #from: number = 0;
  #to: number = 0;

  constructor(file: number, pageBytes: number, last: number) {
    this.#file = file;
    this.#pageBytes = pageBytes;
    this.#last = last;
  }

  areSound(number: number, isFree: boolean, depth: number): boolean {
    if (this.#seen.size >= most) return true;
    if (!this.#isPage(number) || this.#seen.has(number) || depth > deepest) return false;
    this.#seen.add(number);
    const page = this.#read(number, this.#pageBytes);
    if (Number(page.readBigUInt64LE(0)) !== number) return false;
    const kind = page[kindAt]! & (branch | leaf);
    const listBytes = page.readUInt16LE(listEndAt);
    if ((kind !== branch && kind !== leaf) || listBytes % 2 !== 0 || pageHead + listBytes > page.length) return false;
    for (let at = 0; at < listBytes; at += 2) {
      const node = pageHead + page.readUInt16LE(pageHead + at);
      if (node < pageHead + listBytes || node + nodeHead > page.length) return false;
      const low = page.readUInt32LE(node);
      const high = page.readUInt16LE(node + 4);
      const value = node + nodeHead + page.readUInt16LE(node + 6);
      if (value > page.length) return false;
      if (!isFree && !this.#isInOrder(page, node + nodeHead, value, kind, at)) return false;
      if (
        kind === branch
          ? !this.areSound(low + high * 2 ** 32, isFree, depth + 1)
          : !this.#isValue(page, value, low, high, isFree)
      )
        return false;
    }
    return true;
  }

  /** Whether a key comes behind the one before it. LMDB searches by halves: what is out of order is not found, and written a second time. */
  #isInOrder(page: Buffer, from: number, to: number, kind: number, at: number): boolean {
    // A branch has no first key: all that is below is less than its second.
    if (kind === branch && at === 0) return true;
    const by = this.#before === undefined ? 1 : page.compare(this.#before, this.#from, this.#to, from, to);
    // The first key below a branch may be the one that leads there.
    const isLeading = kind === leaf && at === 0;
    if (by < 0 || (by === 0 && !isLeading)) return false;
    [this.#before, this.#from, this.#to] = [page, from, to];
    return true;
  }

  #isPage(number: number): boolean {
    // The first two are meta pages.
    return number >= 2 && number <= this.#last;
  }

  #isValue(page: Buffer, at: number, size: number, flags: number, isFree: boolean): boolean {
    if (flags === 0) {
      if (at + size > page.length) return false;
      return !isFree || this.#areFree(page.subarray(at, at + size));
    }
    if (flags !== elsewhere || at + placeBytes > page.length) return false;
    const first = Number(page.readBigUInt64LE(at));
    const count = Number(page.readBigUInt64LE(at + 16));
    if (!this.#isPage(first) || !this.#isPage(first + count - 1) || count * this.#pageBytes < pageHead + size)
      return false;
    return !isFree || this.#areFree(this.#read(first, pageHead + size).subarray(pageHead));
  }

  /** Page numbers behind their count. Negative ones are how many follow on the next. */
  #areFree(list: Buffer): boolean {
    if (list.length < 8) return false;
    const count = Number(list.readBigUInt64LE(0));
    if (!(8 + 8 * count <= list.length)) return false;
    for (let i = 1; i <= count; i++) if (Math.abs(Number(list.readBigInt64LE(8 * i))) > this.#last) return false;
    return true;
  }

  #read(number: number, length: number): Buffer {
    // Zeros where the file is shorter.
    const bytes = Buffer.alloc(length);
    readSync(this.#file, bytes, 0, length, number * this.#pageBytes);
    return bytes;
  }
}
