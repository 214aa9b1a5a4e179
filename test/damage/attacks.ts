import type { Random } from '@otelier/testing';
import { type Image, type LiveNode, pageBytes } from './lmdb-image.js';

/** Changes some bytes of `file`, which begins as a copy of the image; `before` is what the same file was some commits ago. */
export type Attack = (file: Buffer, image: Image, random: Random, before: Buffer) => void;

const queueKey = (node: LiveNode): boolean => /\/queue\0q/.test(node.key.toString('latin1'));
const about = (node: LiveNode): boolean => /\/queue\0i/.test(node.key.toString('latin1'));
const outbox = (node: LiveNode): boolean => /^[^\0]+\0[ot]\0\0/.test(node.key.toString('latin1')) && !queueKey(node);
const state = (node: LiveNode): boolean =>
  /^metrics\/\w+\/[a-z-]+\0/.test(node.key.toString('latin1')) && !queueKey(node) && !about(node);
const arrivals = (node: LiveNode): boolean => /^\w+\/\w+\0[abd]/.test(node.key.toString('latin1'));

/** Another byte at a place. */
function change(file: Buffer, at: number, random: Random): void {
  file[at]! ^= random.chance(0.5) ? 1 << random.between(0, 7) : random.between(1, 255);
}

function inKey(of: (node: LiveNode) => boolean, from?: number, to?: number): Attack {
  return (file, { nodes }, random) => {
    const node = random.pick(nodes.filter(of));
    const own = from === undefined ? 0 : node.key.indexOf(0) + 1;
    change(file, node.keyAt + own + random.between(from ?? 0, to ?? node.key.length - 1), random);
  };
}

function inValue(of: (node: LiveNode) => boolean): Attack {
  return (file, { nodes }, random) => {
    const node = random.pick(nodes.filter(of));
    change(file, node.valueAt + random.between(0, node.valueBytes - 1), random);
  };
}

function inPage(from: number, to: number, pages: (image: Image) => readonly number[]): Attack {
  return (file, image, random) => {
    const all = pages(image);
    if (all.length > 0) change(file, random.pick(all) * pageBytes + random.between(from, to), random);
  };
}

const tree = ({ leaves, branches }: Image): readonly number[] => [...leaves, ...branches];

function putPage(file: Buffer, page: number, bytes: Buffer): void {
  bytes.copy(file, page * pageBytes);
  file.writeBigUInt64LE(BigInt(page), page * pageBytes);
}

const pageOf = (file: Buffer, page: number): Buffer =>
  Buffer.from(file.subarray(page * pageBytes, (page + 1) * pageBytes));

export const attacks: Readonly<Record<string, Attack>> = {
  'any key': inKey(() => true),
  'any value': inValue(() => true),
  'owner of a key': inKey(() => true, undefined, 12),
  'tag of a batch': inKey(queueKey, 0, 0),
  'place of a batch': inKey(queueKey, 1, 8),
  'time of a batch': inKey(queueKey, 9, 14),
  'count of a batch': inKey(queueKey, 15, 18),
  'bytes of a batch': inKey(queueKey, 19, 22),
  'lane of a batch': inKey(queueKey, 23, 26),
  'checksum of a batch': inKey(queueKey, 27, 30),
  'bytes within a batch': inValue(queueKey),
  'what a queue says of itself': inValue(about),
  'key of what a queue says': inKey(about),
  'key in an outbox': inKey(outbox, 0),
  'value in an outbox': inValue(outbox),
  'key of state': inKey(state, 0),
  'value of state': inValue(state),
  'key of arrivals': inKey(arrivals, 0),
  'value of arrivals': inValue(arrivals),
  'values of two keys': (file, { nodes }, random) => {
    const a = random.pick(nodes);
    const same = nodes.filter((b) => b !== a && b.valueBytes === a.valueBytes);
    if (same.length === 0) return change(file, a.valueAt, random);
    const b = random.pick(same);
    const first = Buffer.from(file.subarray(a.valueAt, a.valueAt + a.valueBytes));
    file.copy(file, a.valueAt, b.valueAt, b.valueAt + b.valueBytes);
    first.copy(file, b.valueAt);
  },
  'many bytes': (file, { nodes }, random) => {
    for (let i = random.between(2, 12); i > 0; i--) {
      const node = random.pick(nodes);
      if (random.chance(0.4)) change(file, node.keyAt + random.between(0, node.key.length - 1), random);
      else change(file, node.valueAt + random.between(0, node.valueBytes - 1), random);
    }
  },
  'head of a node': (file, { nodes }, random) => change(file, random.pick(nodes).at + random.between(0, 7), random),
  'head of a page': inPage(0, 23, tree),
  'list of a page': inPage(24, 43, tree),
  branch: inPage(24, pageBytes - 1, ({ branches }) => branches),
  'page of free pages': inPage(0, pageBytes - 1, ({ freePages }) => freePages),
  'list of free pages': (file, { free }, random) => {
    if (free.length === 0) return;
    const node = random.pick(free);
    change(file, node.valueAt + random.between(0, node.valueBytes - 1), random);
  },
  'head of the file': (file, _, random) =>
    change(file, random.between(0, 1) * pageBytes + random.between(0, 159), random),
  'one leaf for another': (file, { leaves }, random) =>
    putPage(file, random.pick(leaves), pageOf(file, random.pick(leaves))),
  'two leaves': (file, { leaves }, random) => {
    const [a, b] = [random.pick(leaves), random.pick(leaves)];
    const first = pageOf(file, a);
    putPage(file, a, pageOf(file, b));
    putPage(file, b, first);
  },
  'head of a large value': (file, { nodes }, random) => {
    const large = nodes.filter(({ valueAt }) => valueAt % pageBytes === 24);
    change(file, random.pick(large).valueAt - 24 + random.between(0, 23), random);
  },
  'zeros for a page': (file, image, random) => {
    const pages = [...tree(image), ...image.nodes.map(({ valueAt }) => Math.floor(valueAt / pageBytes))];
    const page = random.pick(pages);
    file.fill(0, page * pageBytes, (page + 1) * pageBytes);
  },
  // With as many entries it would be a store like any other: see the README.
  'a page of before': (file, image, random, older) => {
    const old = tree(image).filter(
      (page) =>
        (page + 1) * pageBytes <= older.length &&
        older.readUInt16LE(page * pageBytes + 20) !== file.readUInt16LE(page * pageBytes + 20),
    );
    if (old.length === 0) return;
    const page = random.pick(old);
    pageOf(older, page).copy(file, page * pageBytes);
  },
};
