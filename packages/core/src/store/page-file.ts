import { readSync } from 'node:fs';

// Of LMDB's files, in bytes; `pages.ts` has the same of a store that is whole.
const pageHead = 24;
const nodeHead = 8;
const kindAt = 18;
const listEndAt = 20;
const writtenByAt = 8;
const branch = 1;
const leaf = 2;
const overflow = 4;
/** The value is on pages of its own. */
const elsewhere = 1;
const placeBytes = 24;
const magic = 0xbeefc0de;
const metaBytes = 160;
const treesAt = 48;
const treeBytes = 48;
const rootInTree = 40;
const transactionAt = 152;
/** LMDB takes the system's; the usual one first. */
const pageSizes: readonly number[] = [4096, 16_384, 65_536, 8192, 32_768, 2048, 1024, 512];
const nowhere = 0xffffffffffffffffn;

/** Where the two trees of a store begin: pages that are free, and what was stored. */
export interface Roots {
  /** Undefined when it is not known for sure. */
  readonly free: number | undefined;
  readonly stored: number | undefined;
}

/** One node of a page. */
export interface PageNode {
  readonly key: Buffer;
  /** Of a branch: the page that it leads to. */
  readonly child: number;
  /** Of a leaf. */
  readonly place: Place;
}

/** Where a value is. */
export interface Place {
  readonly page: number;
  /** Within the page; undefined when the value has pages of its own, of which `page` is the first. */
  readonly at: number | undefined;
  readonly size: number;
}

/** A branch or a leaf, as far as it makes sense. */
export interface Page {
  readonly number: number;
  readonly isLeaf: boolean;
  /** The transaction that wrote it. */
  readonly writtenBy: bigint;
  /** Those that do not lead beyond the page. */
  readonly nodes: readonly PageNode[];
  /** Whether all of it makes sense. */
  readonly isSound: boolean;
}

/** The pages of an LMDB file of which nothing is believed. */
export class PageFile {
  readonly #file: number;
  readonly #pageBytes: number;
  /** How many pages there are, the two meta pages included. */
  readonly count: number;
  readonly roots: Roots;

  constructor(file: number, size: number) {
    this.#file = file;
    this.#pageBytes = pageSizes.map((each) => [this.#fitting(each), each] as const).sort(([a], [b]) => b - a)[0]![1];
    this.count = Math.ceil(size / this.#pageBytes);
    const first = this.#read(0, metaBytes);
    const metas = [first, this.#read(this.#pageBytes, metaBytes)].filter((meta) => meta.readUInt32LE(24) === magic);
    metas.sort((a, b) => (transactionOf(a) < transactionOf(b) ? 1 : -1));
    const [newest, before] = metas;
    // Which pages are free is only known of the newest transaction, and two that follow on each other say which that is.
    const isNewest = before !== undefined && transactionOf(newest!) === transactionOf(before) + 1n;
    this.roots = { free: isNewest ? rootOf(newest, 0) : undefined, stored: rootOf(newest, 1) };
  }

  /** Undefined when there is no such page, or it is no branch and no leaf. */
  page(number: number): Page | undefined {
    // The first two are meta pages.
    if (!Number.isInteger(number) || number < 2 || number >= this.count) return undefined;
    const page = this.#read(number * this.#pageBytes, this.#pageBytes);
    const flags = page[kindAt]! & (branch | leaf | overflow);
    const listBytes = page.readUInt16LE(listEndAt);
    if (page.readBigUInt64LE(0) !== BigInt(number) || (flags !== branch && flags !== leaf)) return undefined;
    if (listBytes % 2 !== 0 || pageHead + listBytes > page.length) return undefined;
    const nodes: PageNode[] = [];
    for (let at = 0; at < listBytes; at += 2) {
      const node = nodeAt(
        page,
        pageHead + page.readUInt16LE(pageHead + at),
        pageHead + listBytes,
        number,
        flags === leaf,
      );
      if (node !== undefined) nodes.push(node);
    }
    const isSound = nodes.length === listBytes / 2;
    return { number, isLeaf: flags === leaf, writtenBy: page.readBigUInt64LE(writtenByAt), nodes, isSound };
  }

  /** Undefined when its pages are not all there, or are others. */
  valueAt({ page, at, size }: Place): Buffer | undefined {
    const begin = page * this.#pageBytes;
    if (at !== undefined) return this.#read(begin + at, size);
    if (page < 2 || begin + pageHead + size > this.count * this.#pageBytes) return undefined;
    const bytes = this.#read(begin, pageHead + size);
    if (bytes.readBigUInt64LE(0) !== BigInt(page) || (bytes[kindAt]! & overflow) === 0) return undefined;
    return bytes.subarray(pageHead);
  }

  /** How many of the first pages say that they are where they would be if all had so many bytes. */
  #fitting(pageBytes: number): number {
    let fitting = 0;
    for (let number = 2; number < 64; number++) {
      if (this.#read(number * pageBytes, 8).readBigUInt64LE(0) === BigInt(number)) fitting++;
    }
    return fitting;
  }

  /** Zeros where the file is shorter. */
  #read(at: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    readSync(this.#file, bytes, 0, length, at);
    return bytes;
  }
}

function transactionOf(meta: Buffer): bigint {
  return meta.readBigUInt64LE(transactionAt);
}

function rootOf(meta: Buffer | undefined, tree: 0 | 1): number | undefined {
  const root = meta?.readBigUInt64LE(treesAt + tree * treeBytes + rootInTree);
  return root === undefined || root === nowhere ? undefined : Number(root);
}

function nodeAt(page: Buffer, at: number, from: number, number: number, isLeaf: boolean): PageNode | undefined {
  if (at < from || at + nodeHead > page.length) return undefined;
  const low = page.readUInt32LE(at);
  const high = page.readUInt16LE(at + 4);
  const value = at + nodeHead + page.readUInt16LE(at + 6);
  if (value > page.length) return undefined;
  const key = page.subarray(at + nodeHead, value);
  const here: Place = { page: number, at: value, size: low };
  if (!isLeaf) return { key, child: low + high * 2 ** 32, place: here };
  if (high === 0) return value + low > page.length ? undefined : { key, child: -1, place: here };
  if (high !== elsewhere || value + placeBytes > page.length) return undefined;
  return { key, child: -1, place: { page: Number(page.readBigUInt64LE(value)), at: undefined, size: low } };
}
