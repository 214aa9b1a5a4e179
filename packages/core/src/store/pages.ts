import { readSync } from 'node:fs';
import { freeIn } from './free-list.js';

// Of LMDB's files: what a page, a node of one, and the tree of a database begin with, in bytes.
const pageHead = 24;
const nodeHead = 8;
const treeBytes = 48;
/** Where the two trees of a meta page are: pages that are free, and what was stored. */
const treesAt = 48;
const flagsInTree = 4;
const depthInTree = 6;
/** Branches, leaves, pages of large values, entries. */
const countsInTree = 8;
const rootInTree = 40;
/** Where a page has the transaction that wrote it, its kind, the end of its list of nodes, and the beginning of its nodes. */
const writtenByAt = 8;
const kindAt = 18;
const listEndAt = 20;
const nodesAt = 22;
const branch = 1;
const leaf = 2;
const overflow = 4;
/** The value is on pages of its own, and the node has where and how many. */
const elsewhere = 1;
const placeBytes = 24;
/** What the trees are kept by: numbers, and bytes in their order. No store of ours has anything else. */
const flagsOfFree = 8;
const flagsOfStored = 0;
const transactionInMeta = 152;
const nowhere = 0xffffffffffffffffn;
/** Deeper than any tree of a tebibyte. */
const deepest = 32;
/** So many pages are looked at, a quarter of a gibibyte of keys, and the heads of so many large values: a start takes no longer however large a store is. */
const most = 65_536;
const mostHeads = 16_384;

/**
 * Follows the trees of a meta page and says whether something in them contradicts the rest; undefined when all is where it should be.
 *
 * LMDB trusts what it maps: a page number beyond the file's end, a node beyond its page's, or a page that says it is being written, ends the process
 * with a signal at every start; a page that is in use and called free is written over later. Values on pages of their own are not read.
 */
export function damageInPages(file: number, meta: Buffer, pageBytes: number): string | undefined {
  const last = Number(meta.readBigUInt64LE(treesAt + 2 * treeBytes));
  const pages = new Pages(file, pageBytes, last);
  const newest = meta.readBigUInt64LE(transactionInMeta);
  for (const [at, flags] of [
    [treesAt, flagsOfFree],
    [treesAt + treeBytes, flagsOfStored],
  ] as const) {
    if (meta.readUInt16LE(at + flagsInTree) !== flags) return 'its head contradicts itself';
    const root = meta.readBigUInt64LE(at + rootInTree);
    const tree = new Tree(pages, flags === flagsOfFree);
    if (root !== nowhere && !tree.isSound(Number(root), newest, 1)) return 'one of its pages contradicts itself';
    if (!pages.isCut && !tree.isAsSaid(meta, at)) return 'some of its pages are not those that were written';
  }
  if (!pages.isCut && pages.isUsedAndFree) return 'pages that are in use are called free';
  return pages.hasSoundHeads ? undefined : 'one of its large values is not where it should be';
}

/** Pages that hold one value, as its node says. */
interface Large {
  readonly first: number;
  readonly count: number;
  readonly writtenBy: bigint;
}

/** Pages of a file, and what each is used for. */
class Pages {
  readonly #file: number;
  readonly pageBytes: number;
  readonly #last: number;
  /** 1 where a page is in use, 2 where it is free. */
  readonly #uses: Uint8Array;
  #looked: number = 0;
  isUsedAndFree: boolean = false;
  readonly #large: Large[] = [];

  constructor(file: number, pageBytes: number, last: number) {
    this.#file = file;
    this.pageBytes = pageBytes;
    this.#last = last;
    this.#uses = new Uint8Array(last + 1);
  }

  /** Whether there was more than is looked at. */
  get isCut(): boolean {
    return this.#looked >= most;
  }

  /** Takes so many pages for what was stored; false when there are none such, or they are taken. */
  use(first: number, count: number): boolean {
    // The first two are meta pages.
    if (!(first >= 2 && count >= 1 && first + count - 1 <= this.#last)) return false;
    for (let page = first; page < first + count; page++) {
      if (this.#uses[page] === 1) return false;
      if (this.#uses[page] === 2) this.isUsedAndFree = true;
      this.#uses[page] = 1;
    }
    return true;
  }

  /** Takes a page number that the store calls free; false when there is no such page, or it was called so before. */
  free(page: number): boolean {
    if (!(page >= 2 && page <= this.#last) || this.#uses[page] === 2) return false;
    if (this.#uses[page] === 1) this.isUsedAndFree = true;
    this.#uses[page] = 2;
    return true;
  }

  large(value: Large): void {
    if (this.#large.length < mostHeads) this.#large.push(value);
  }

  /** Whether large values begin with what they are, which LMDB goes by when it deletes them. */
  get hasSoundHeads(): boolean {
    this.#large.sort((a, b) => a.first - b.first);
    return this.#large.every(({ first, count, writtenBy }) => {
      const head = this.read(first, pageHead);
      return (
        Number(head.readBigUInt64LE(0)) === first &&
        head.readBigUInt64LE(writtenByAt) === writtenBy &&
        head.readUInt16LE(kindAt) === overflow &&
        head.readUInt32LE(listEndAt) === count
      );
    });
  }

  look(number: number): Buffer {
    this.#looked++;
    return this.read(number, this.pageBytes);
  }

  read(number: number, length: number): Buffer {
    // Zeros where the file is shorter.
    const bytes = Buffer.alloc(length);
    readSync(this.#file, bytes, 0, length, number * this.pageBytes);
    return bytes;
  }
}

/** One of the two trees. */
class Tree {
  readonly #pages: Pages;
  readonly #isFree: boolean;
  #branches: number = 0;
  #leaves: number = 0;
  #large: number = 0;
  #entries: number = 0;
  #depth: number = 0;
  /** The page of the key that was looked at last, and where it begins and ends there. */
  #before: Buffer | undefined;
  #from: number = 0;
  #to: number = 0;

  constructor(pages: Pages, isFree: boolean) {
    this.#pages = pages;
    this.#isFree = isFree;
  }

  /** Whether there is as much as the head says: a page that was not written is an older one, sound by itself. */
  isAsSaid(meta: Buffer, at: number): boolean {
    const counts = [this.#branches, this.#leaves, this.#large, this.#entries];
    return (
      meta.readUInt16LE(at + depthInTree) === this.#depth &&
      counts.every((count, i) => meta.readBigUInt64LE(at + countsInTree + 8 * i) === BigInt(count))
    );
  }

  /** `above`: the transaction that wrote the page which leads there, and which cannot be older. */
  isSound(number: number, above: bigint, depth: number): boolean {
    const pages = this.#pages;
    if (pages.isCut) return true;
    if (!pages.use(number, 1) || depth > deepest) return false;
    this.#depth = Math.max(this.#depth, depth);
    const page = pages.look(number);
    const kind = page.readUInt16LE(kindAt);
    const by = page.readBigUInt64LE(writtenByAt);
    const listBytes = page.readUInt16LE(listEndAt);
    if (Number(page.readBigUInt64LE(0)) !== number || by > above || (kind !== branch && kind !== leaf)) return false;
    if (listBytes === 0 || listBytes % 2 !== 0 || pageHead + listBytes > page.length) return false;
    if (kind === branch) this.#branches++;
    else this.#leaves++;
    // Nodes fill a page to its end, each at an even place.
    let left = page.length - pageHead - page.readUInt16LE(nodesAt);
    if (left < 0 || page.readUInt16LE(nodesAt) < listBytes) return false;
    for (let at = 0; at < listBytes; at += 2) {
      const node = pageHead + page.readUInt16LE(pageHead + at);
      if (node < pageHead + page.readUInt16LE(nodesAt) || node + nodeHead > page.length) return false;
      const value = node + nodeHead + page.readUInt16LE(node + 6);
      if (value > page.length || !this.#isInOrder(page, node + nodeHead, value, kind, at)) return false;
      const [low, high] = [page.readUInt32LE(node), page.readUInt16LE(node + 4)];
      let size = 0;
      if (kind === branch) {
        if (!this.isSound(low + high * 2 ** 32, by, depth + 1)) return false;
      } else {
        this.#entries++;
        size = high === elsewhere ? placeBytes : low;
        if (value + size > page.length || !this.#isValue(page, value, low, high)) return false;
      }
      left -= (value - node + size + 1) & ~1;
    }
    return left === 0;
  }

  /** Whether a key comes behind the one before it. LMDB searches by halves: what is out of order is not found, and written a second time. */
  #isInOrder(page: Buffer, from: number, to: number, kind: number, at: number): boolean {
    // A branch has no first key: all that is below is less than its second. Free pages are under numbers, whose bytes are in no order.
    if (this.#isFree || (kind === branch && at === 0)) return true;
    const by = this.#before === undefined ? 1 : page.compare(this.#before, this.#from, this.#to, from, to);
    // The first key below a branch may be the one that leads there.
    const isLeading = kind === leaf && at === 0;
    if (by < 0 || (by === 0 && !isLeading)) return false;
    [this.#before, this.#from, this.#to] = [page, from, to];
    return true;
  }

  #isValue(page: Buffer, at: number, size: number, flags: number): boolean {
    const pages = this.#pages;
    const note = (number: number): boolean => pages.free(number);
    if (flags === 0) return !this.#isFree || freeIn(page.subarray(at, at + size), note);
    if (flags !== elsewhere) return false;
    const first = Number(page.readBigUInt64LE(at));
    const count = Number(page.readBigUInt64LE(at + 16));
    if (!pages.use(first, count) || count * pages.pageBytes < pageHead + size) return false;
    this.#large += count;
    pages.large({ first, count, writtenBy: page.readBigUInt64LE(at + 8) });
    return !this.#isFree || freeIn(pages.read(first, pageHead + size).subarray(pageHead), note);
  }
}
