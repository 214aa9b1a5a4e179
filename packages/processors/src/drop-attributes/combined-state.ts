import type { StateEntries, Stateful, StateWriter } from '@otelier/core';

/** Several states as one: the entries of each go under its number. */
export function combineStates(...parts: readonly Stateful[]): Stateful {
  return {
    restore(entries) {
      const of: [Uint8Array, Uint8Array][][] = parts.map(() => []);
      for (const [key, value] of entries) of[key[0]!]?.push([key.subarray(1), value]);
      parts.forEach((part, i) => {
        part.restore(of[i] as StateEntries);
      });
    },
    save(to) {
      parts.forEach((part, i) => {
        part.save(to === undefined ? undefined : under(i, to));
      });
    },
    undo() {
      for (const part of parts) part.undo();
    },
    snapshot(to) {
      parts.forEach((part, i) => {
        part.snapshot(under(i, to));
      });
    },
  };
}

function under(number: number, to: StateWriter): StateWriter {
  const keyOf = (key: Uint8Array): Uint8Array => Buffer.concat([Buffer.of(number), key]);
  return {
    put: (key, value) => to.put(keyOf(key), value),
    delete: (key) => to.delete(keyOf(key)),
  };
}
