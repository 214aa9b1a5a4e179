/** How much a queue holds, how much it may hold, and how it gets rid of it. */
export interface QueueRoom {
  readonly bytes: number;
  readonly maxBytes: number;
  readonly batches: number;
  /** Undefined when only bytes are limited. */
  readonly maxBatches?: number | undefined;
  /** When the batch was accepted that has been in it for longest, in milliseconds since 1970; undefined when it is empty. */
  readonly oldestAt?: number | undefined;
  /** Since when its backend has been failing, in milliseconds since 1970; undefined while it takes batches. */
  readonly failingSince?: number | undefined;
  /** Why it fails: the message of a PipelineError, without telemetry or a secret. */
  readonly failingWhy?: string | undefined;
}

// Above it, a batch of usual size may already be turned away.
const fullFrom = 0.95;

/** Whether a queue must be expected to turn the next batch away. */
export function isFull({ bytes, maxBytes, batches, maxBatches = Number.POSITIVE_INFINITY }: QueueRoom): boolean {
  return bytes >= maxBytes * fullFrom || batches >= maxBatches;
}

/** How full a queue is, from 0 to 1. */
export function fillOf({ bytes, maxBytes, batches, maxBatches }: QueueRoom): number {
  return Math.min(Math.max(bytes / maxBytes, maxBatches === undefined ? 0 : batches / maxBatches), 1);
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
    for (const { id, read } of this.#readers) if (id.startsWith(prefix)) most = Math.max(most, fillOf(read()));
    return most;
  }

  /** Of one component; undefined when it has no queue. */
  of(id: string): QueueRoom | undefined {
    let room: QueueRoom | undefined;
    for (const reader of this.#readers) if (reader.id === id) room = reader.read();
    return room;
  }

  /** By component id; of two graphs that share a queue during a reload, the newer one tells. */
  data(): { readonly [id: string]: QueueRoom } {
    return Object.fromEntries([...this.#readers].map(({ id, read }) => [id, read()]));
  }
}
