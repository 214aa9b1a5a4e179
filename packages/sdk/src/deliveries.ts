import type { Flow } from '@otelier/core';

const open = new AbortController();

/** The flow of what an SDK sends: nobody gives up on it, and what the pipeline refuses is counted there. */
export const sdkFlow: Flow = {
  signal: open.signal,
  peer: { transport: 'sdk' },
  refuse() {},
  drop() {},
  add() {},
};

/** The deliveries of one exporter that have not ended, so that a flush can wait for them. */
export class Deliveries {
  readonly #open = new Set<Promise<void>>();
  #closed = false;

  /** Starts a delivery and keeps it until it ends. @throws {Error} after {@link close}. */
  run(deliver: () => Promise<void>): Promise<void> {
    if (this.#closed) return Promise.reject(new Error('the exporter was shut down'));
    const delivery = deliver();
    const forget = (): void => {
      this.#open.delete(delivery);
    };
    this.#open.add(delivery);
    delivery.then(forget, forget);
    return delivery;
  }

  /** Resolves when what is open now has ended, well or not. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#open);
  }

  /** Takes no more; resolves when what is open has ended. */
  close(): Promise<void> {
    this.#closed = true;
    return this.settled();
  }
}
