import type { Clock, PipelineError } from '@otelier/core';
import { type Backoff, pauseMs } from '../retry/backoff.js';

const backoff: Backoff = { initialMs: 1000, maxMs: 30_000, jitter: true };

/** How fast a queue may send: not at all for a while after a failure that may pass, then one batch, then twice as many after each success. */
export class Pace {
  readonly #clock: Clock;
  readonly #workers: number;
  readonly #wake: () => void;
  #window: number;
  #failures: number = 0;
  #earliest: number = 0;
  /** How long it had to rest when {@link #earliest} was set: never longer, wherever the wall clock has been set to since. */
  #asked: number = 0;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, workers: number, wake: () => void) {
    this.#clock = clock;
    this.#workers = workers;
    this.#wake = wake;
    this.#window = workers;
  }

  /** Whether nothing may be sent now. */
  get resting(): boolean {
    return this.#cancel !== undefined;
  }

  /** How many may be on their way. */
  get window(): number {
    return this.resting ? 0 : this.#window;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#window = Math.min(this.#window * 2, this.#workers);
  }

  /** Rests, not shorter than the backend has asked for. */
  failed({ retryAfterMs }: PipelineError): void {
    this.#failures++;
    this.#window = 1;
    this.#asked = Math.max(this.#left(), retryAfterMs ?? 0);
    this.#earliest = this.#clock.now() + this.#asked;
    this.#restFor(pauseMs(backoff, this.#failures, this.#asked, Math.random()));
  }

  /** When an entry that has failed so often may go again, in milliseconds. */
  pauseOf(attempts: number, { retryAfterMs }: PipelineError): number {
    return pauseMs(backoff, attempts, retryAfterMs, Math.random());
  }

  /** Goes on as soon as the backend allows. */
  hurry(): void {
    if (this.resting) this.#restFor(this.#left());
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** What is left of what the backend has asked for. */
  #left(): number {
    return Math.min(Math.max(this.#earliest - this.#clock.now(), 0), this.#asked);
  }

  #restFor(ms: number): void {
    this.#cancel?.();
    this.#cancel = this.#clock.after(ms, () => {
      this.#cancel = undefined;
      this.#wake();
    });
  }
}
