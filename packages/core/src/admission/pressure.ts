import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock, Logger } from '../host.js';
import type { Budget } from './budget.js';

/** What the watch reads of the process. */
export interface Gauges {
  /** Bytes of memory that the process uses. */
  memory(): number;
  /** Share of the time since the last call in which the event loop had something to do, from 0 to 1. */
  busy(): number;
  /** Has what nobody needs any more collected. */
  collect(): void;
}

const lookMs = 250;
/** Of the limit: above the first the budget is squeezed, below the second it gets its room back. */
const tight = 0.9;
const relaxed = 0.8;
/** Of the limit of memory: what may always be in flight. So little is not what fills a process, and it must not stand still for ever. */
const always = 1 / 64;
const collectEveryMs = 5_000;
/** Of the limit: above it there is no time to wait, since under load a second makes some percent of it. */
const urgent = 0.95;
const collectUrgentlyEveryMs = 1_000;
/** Under a load at the edge, short episodes follow one another: they are one for those who read logs. */
const episodeMs = 60_000;
/** Event loop: above the first refusals wait longer, below the second shorter. */
const busy = 0.9;
const idle = 0.7;
const firstDelayMs = 16;
const longestDelayMs = 512;

/** Looks at the process a few times a second, and has its budget follow: requests pay nothing for it. */
export class Pressure {
  /** Bytes that the process may use; undefined for no limit. */
  limitBytes: number | undefined;
  /** As of the last look. */
  memoryBytes = 0;
  readonly #budget: Budget;
  readonly #gauges: Gauges;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Of the budget that may be used. */
  #share = 1;
  #isTight = false;
  /** What was refused until the last look. */
  #refused = 0;
  #refusedBefore = 0;
  #collectedAt = 0;
  /** When memory was last short. */
  #tightAt = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(budget: Budget, limitBytes: number | undefined, clock: Clock, logger: Logger, gauges: Gauges) {
    this.limitBytes = limitBytes;
    this.#budget = budget;
    this.#gauges = gauges;
    this.#clock = clock;
    this.#logger = logger;
  }

  start(): void {
    const look = (): void => {
      this.look();
      this.#cancel = this.#clock.after(lookMs, look);
    };
    look();
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Whether the process uses nearly all of its memory, and less is let in. */
  get isTight(): boolean {
    return this.#isTight;
  }

  /** Reads the gauges once. */
  look(): void {
    this.memoryBytes = this.#gauges.memory();
    this.#followMemory();
    this.#followLoop();
  }

  #followMemory(): void {
    const limit = this.limitBytes ?? Number.POSITIVE_INFINITY;
    if (this.memoryBytes > limit * tight) {
      if (!this.#isTight) this.#began();
      const least = Math.min((limit * always) / this.#budget.limitBytes, 1);
      this.#squeeze(Math.max(this.#share / 2, least));
      const now = this.#clock.now();
      const every = this.memoryBytes > limit * urgent ? collectUrgentlyEveryMs : collectEveryMs;
      if (Math.abs(now - this.#collectedAt) < every) return;
      // What V8 would collect one day is in the way now, and with few requests admitted it may see no need for a long time.
      this.#collectedAt = now;
      this.#gauges.collect();
    } else if (this.#isTight && this.memoryBytes < limit * relaxed) {
      this.#squeeze(Math.min(this.#share * 2, 1));
      if (this.#share === 1) this.#ended();
    }
  }

  #squeeze(share: number): void {
    this.#share = share;
    this.#budget.squeeze(share);
  }

  #began(): void {
    this.#isTight = true;
    if (this.#clock.now() - this.#tightAt < episodeMs) return;
    this.#refusedBefore = this.#budget.refused.total;
    const fields = { memoryBytes: this.memoryBytes, limitBytes: this.limitBytes };
    this.#logger.warn(fields, 'memory is nearly used up: fewer bytes are let in flight until it has fallen');
  }

  #ended(): void {
    this.#isTight = false;
    this.#tightAt = this.#clock.now();
    const refusedRequests = this.#budget.refused.total - this.#refusedBefore;
    this.#logger.debug({ memoryBytes: this.memoryBytes, refusedRequests }, 'memory has fallen, all is let in again');
  }

  /** Senders that are refused at once come again at once. When that takes all the time, those that could be accepted get none. */
  #followLoop(): void {
    const refused = this.#budget.refused.total;
    const share = this.#gauges.busy();
    const delay = this.#budget.refuseAfterMs;
    if (share > busy && refused > this.#refused) {
      this.#budget.refuseAfterMs = Math.min(Math.max(delay * 2, firstDelayMs), longestDelayMs);
    } else if (share < idle || refused === this.#refused) {
      this.#budget.refuseAfterMs = delay > firstDelayMs ? delay / 2 : 0;
    }
    this.#refused = refused;
  }
}

/** Those of this process. */
export function processGauges(memory: () => number): Gauges {
  let last = performance.eventLoopUtilization();
  let collect: (() => void) | undefined;
  return {
    memory,
    busy() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, last);
      last = now;
      return utilization;
    },
    collect() {
      if (collect === undefined) {
        // Node has no call for it, but the flag that gives it to new contexts may be set at any time.
        setFlagsFromString('--expose-gc');
        collect = runInNewContext('gc') as () => void;
        setFlagsFromString('--no-expose-gc');
      }
      collect();
    },
  };
}
