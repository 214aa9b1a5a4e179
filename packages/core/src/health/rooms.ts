/** How much a queue holds, and how much it may hold. */
export interface QueueRoom {
  readonly bytes: number;
  readonly maxBytes: number;
  readonly batches: number;
  /** Undefined when only bytes are limited. */
  readonly maxBatches?: number | undefined;
}

// Above it, a batch of usual size may already be turned away.
const fullFrom = 0.95;

/** Whether a queue must be expected to turn the next batch away. */
export function isFull({ bytes, maxBytes, batches, maxBatches = Number.POSITIVE_INFINITY }: QueueRoom): boolean {
  return bytes >= maxBytes * fullFrom || batches >= maxBatches;
}

/** How full the queues of a collector are. */
export class Rooms {
  readonly #readers: Set<{ readonly id: string; read(): QueueRoom }> = new Set();

  /** The returned function ends it. */
  add(id: string, read: () => QueueRoom): () => void {
    const reader = { id, read };
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }

  /** How full the fullest of those is whose id begins so, from 0 to 1. */
  fullest(prefix: string): number {
    let most = 0;
    for (const { id, read } of this.#readers) {
      if (!id.startsWith(prefix)) continue;
      const { bytes, maxBytes, batches, maxBatches = Number.POSITIVE_INFINITY } = read();
      most = Math.max(most, bytes / maxBytes, batches / maxBatches);
    }
    return most;
  }

  /** By component id; of two graphs that share a queue during a reload, the newer one tells. */
  data(): { readonly [id: string]: QueueRoom } {
    return Object.fromEntries([...this.#readers].map(({ id, read }) => [id, read()]));
  }
}
