/** A node of a leaf of an LMDB file, by where its bytes are in the file. */
export interface LiveNode {
  /** Number of its page. */
  readonly page: number;
  readonly at: number;
  readonly keyAt: number;
  readonly key: Buffer;
  readonly valueAt: number;
  readonly valueBytes: number;
}

/** What a file is made of, for those who want to damage what counts and not what is free. */
export interface Image {
  readonly file: Buffer;
  readonly nodes: readonly LiveNode[];
  readonly leaves: readonly number[];
  readonly branches: readonly number[];
  /** Nodes and pages of the tree of free pages. */
  readonly free: readonly LiveNode[];
  readonly freePages: readonly number[];
}

export const pageBytes = 4096;
const head = 24;
const nodeHead = 8;

/** Reads a whole file. */
export function imageOf(file: Buffer): Image {
  const newest = file.readBigUInt64LE(pageBytes + 152) > file.readBigUInt64LE(152) ? pageBytes : 0;
  const stored = follow(file, file.readBigUInt64LE(newest + 136));
  const free = follow(file, file.readBigUInt64LE(newest + 88));
  const { nodes, leaves, branches } = stored;
  return { file, nodes, leaves, branches, free: free.nodes, freePages: [...free.leaves, ...free.branches] };
}

function follow(file: Buffer, root: bigint) {
  const [nodes, leaves, branches]: [LiveNode[], number[], number[]] = [[], [], []];
  const visit = (page: number): void => {
    const from = page * pageBytes;
    const isLeaf = (file[from + 18]! & 2) !== 0;
    (isLeaf ? leaves : branches).push(page);
    for (let i = 0; i < file.readUInt16LE(from + 20); i += 2) {
      const at = from + head + file.readUInt16LE(from + head + i);
      const [low, high, keyBytes] = [file.readUInt32LE(at), file.readUInt16LE(at + 4), file.readUInt16LE(at + 6)];
      const keyAt = at + nodeHead;
      if (!isLeaf) {
        visit(low + high * 2 ** 32);
        continue;
      }
      const here = keyAt + keyBytes;
      const valueAt = high === 0 ? here : Number(file.readBigUInt64LE(here)) * pageBytes + head;
      nodes.push({ page, at, keyAt, key: Buffer.from(file.subarray(keyAt, here)), valueAt, valueBytes: low });
    }
  };
  if (root !== 0xffffffffffffffffn) visit(Number(root));
  return { nodes, leaves, branches };
}
