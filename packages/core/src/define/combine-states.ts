import type { Stateful, StateWriter } from '../state.js';

/**
 * Makes the state of a stage out of several pieces, each under its name: `combineStates({ streams, totals })`.
 *
 * A piece may come or go with a new version of the component; what is kept under a name that is no longer there is left alone.
 */
export function combineStates(pieces: { readonly [name: string]: Stateful }): Stateful {
  const named = Object.entries(pieces).map(([name, piece]) => ({ piece, prefix: Buffer.from(`${name}\0`) }));
  return {
    restore(entries) {
      const found = named.map(({ prefix, piece }) => ({ prefix, piece, entries: [] as [Uint8Array, Uint8Array][] }));
      for (const [key, value] of entries) {
        const owner = found.find(({ prefix }) => prefix.equals(key.subarray(0, prefix.length)));
        owner?.entries.push([key.subarray(owner.prefix.length), value]);
      }
      for (const { piece, entries: own } of found) piece.restore(own);
    },
    damaged(entries) {
      for (const { piece } of named) piece.damaged?.(entries);
    },
    save(to) {
      for (const { prefix, piece } of named) piece.save(to === undefined ? undefined : under(prefix, to));
    },
    undo() {
      for (const { piece } of named) piece.undo();
    },
    snapshot(to) {
      for (const { prefix, piece } of named) piece.snapshot(under(prefix, to));
    },
  };
}

function under(prefix: Buffer, to: StateWriter): StateWriter {
  return {
    put: (key, value) => to.put(Buffer.concat([prefix, key]), value),
    delete: (key) => to.delete(Buffer.concat([prefix, key])),
  };
}
