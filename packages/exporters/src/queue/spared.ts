import type { AnyBatch } from '@otelier/core';
import type { Entry } from './entry.js';

/** How many entries, and of how many bytes, are in memory alone although there is a disk. */
export class Spared<B extends AnyBatch> {
  count: number = 0;
  bytes: number = 0;

  add({ bytes }: Entry<B>): void {
    this.count++;
    this.bytes += bytes;
  }

  remove({ bytes }: Entry<B>): void {
    this.count--;
    this.bytes -= bytes;
  }

  /** The first of them in `window` that together have at most `mostBytes`, or the first alone. */
  first(window: Iterable<Entry<B>>, mostBytes: number): Entry<B>[] {
    const some: Entry<B>[] = [];
    if (this.count === 0) return some;
    let bytes = 0;
    for (const entry of window) {
      if (entry.stored) continue;
      bytes += entry.bytes;
      if (some.length > 0 && bytes > mostBytes) break;
      some.push(entry);
    }
    return some;
  }
}
