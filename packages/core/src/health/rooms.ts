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

  /** By component id; of two graphs that share a queue during a reload, the newer one tells. */
  data(): { readonly [id: string]: QueueRoom } {
    return Object.fromEntries([...this.#readers].map(({ id, read }) => [id, read()]));
  }
}
