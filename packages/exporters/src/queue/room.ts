import { onAbort } from '../abort.js';

/** Room for so many bytes and batches, which waiting senders get in the order in which they asked. */
export class Room {
  maxBytes: number;
  maxBatches: number;
  bytes: number = 0;
  batches: number = 0;
  private readonly waiting: Set<Waiter> = new Set();

  constructor(maxBytes: number, maxBatches: number) {
    this.maxBytes = maxBytes;
    this.maxBatches = maxBatches;
  }

  /** From now on there is so much room; what is inside stays. */
  resize(maxBytes: number, maxBatches: number): void {
    this.maxBytes = maxBytes;
    this.maxBatches = maxBatches;
    this.letIn();
  }

  /** Takes room for what is there already, also beyond the limits. */
  fill(bytes: number, batches: number): void {
    this.bytes += bytes;
    this.batches += batches;
  }

  /** There is so much more than was said, or less. */
  correct(bytes: number, batches: number): void {
    this.fill(bytes, batches);
    this.letIn();
  }

  /** Takes room at once when there is some and nobody waits for it. */
  take(bytes: number): boolean {
    if (this.waiting.size > 0 || !this.fits(bytes)) return false;
    this.occupy(bytes);
    return true;
  }

  /** Takes room as soon as there is some: true; false when one of the signals aborts or the room closes first. */
  wait(bytes: number, ...signals: readonly AbortSignal[]): Promise<boolean> {
    if (this.take(bytes)) return Promise.resolve(true);
    if (signals.some(({ aborted }) => aborted)) return Promise.resolve(false);
    return new Promise((resolve) => {
      const end = (entered: boolean) => {
        for (const stay of stays) stay();
        this.waiting.delete(waiter);
        resolve(entered);
      };
      const waiter = { bytes, end };
      const leave = (): void => {
        end(false);
        this.letIn();
      };
      const stays = signals.map((signal) => onAbort(signal, leave));
      this.waiting.add(waiter);
    });
  }

  /** Gives room back, to those who wait first. */
  give(bytes: number): void {
    this.bytes -= bytes;
    this.batches--;
    this.letIn();
  }

  /** Turns everybody away who waits. */
  close(): void {
    for (const waiter of [...this.waiting]) waiter.end(false);
  }

  private letIn(): void {
    for (const waiter of this.waiting) {
      // Nobody overtakes: a large batch would wait for ever behind a stream of small ones.
      if (!this.fits(waiter.bytes)) return;
      this.occupy(waiter.bytes);
      waiter.end(true);
    }
  }

  private fits(bytes: number): boolean {
    return this.bytes + bytes <= this.maxBytes && this.batches < this.maxBatches;
  }

  private occupy(bytes: number): void {
    this.bytes += bytes;
    this.batches++;
  }
}

interface Waiter {
  readonly bytes: number;
  end(entered: boolean): void;
}
