import type { PipelineError } from '../../error.js';
import type { Clock } from '../../host.js';

const firstMs = 1000;
const longestMs = 30_000;
const widest = 1 << 20;

/**
 * When to try again after failures: 1 s, doubling to 30 s, each between half and all of that, and never before the backend has asked for it;
 * and with how much: one at first, twice as many after each success.
 */
export class Backoff {
  /** How many may be on their way at a time. */
  window: number = widest;
  readonly #clock: Clock;
  readonly #wake: () => void;
  #failures = 0;
  #notBefore = 0;
  #cancel: (() => void) | undefined;
  /** The failure that is being waited out. */
  #error: PipelineError | undefined;

  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  get resting(): boolean {
    return this.#cancel !== undefined;
  }

  /** The failure to tell whoever comes while the backend has asked not to be troubled; undefined when it may be. */
  get closedFor(): PipelineError | undefined {
    return this.resting && this.#clock.now() < this.#notBefore ? this.#error : undefined;
  }

  succeeded(): void {
    this.#failures = 0;
    this.window = Math.min(this.window * 2, widest);
  }

  failed(error: PipelineError): void {
    const now = this.#clock.now();
    this.#notBefore = Math.max(this.#notBefore, now + (error.retryAfterMs ?? 0));
    this.#error = error;
    this.window = 1;
    if (this.resting) return;
    const backoffMs = Math.min(longestMs, firstMs * 2 ** Math.min(this.#failures++, 10));
    const ms = Math.max(this.#notBefore - now, backoffMs * (0.5 + Math.random() / 2));
    this.#cancel = this.#clock.after(ms, () => {
      this.#cancel = undefined;
      this.#wake();
    });
  }

  /** Ends the rest. */
  wake(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
