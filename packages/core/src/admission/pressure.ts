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
  /** Has what nobody needs any more collected soon, beside the work. */
  press(): void;
  /** Has what nobody needs any more collected now, and with it what V8 knows of hot code: that is slow for a while. */
  collect(): void;
}

const lookMs = 250;
/** Of the limit: above the first the budget is squeezed, below the second it gets its room back. */
const tight = 0.9;
const relaxed = 0.8;
/** Of the limit: above the first V8 is pressed, above the second what pressing has not brought is collected. */
const pressing = 0.85;
const urgent = 0.97;
/** While there is work; a process without any makes no garbage. */
const pressEveryMs = 1_000;
const pressIdleEveryMs = 5_000;
/** Of the limit of memory: what may always be in flight. So little is not what fills a process, and it must not stand still for ever. */
const always = 1 / 64;
const collectEveryMs = 5_000;
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
  #pressedAt = Number.NEGATIVE_INFINITY;
  #collectedAt = Number.NEGATIVE_INFINITY;
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
    const share = this.#gauges.busy();
    this.#followMemory();
    if (this.memoryBytes > (this.limitBytes ?? Number.POSITIVE_INFINITY) * pressing) this.#relieve(share < idle);
    this.#followLoop(share);
  }

  #followMemory(): void {
    const limit = this.limitBytes ?? Number.POSITIVE_INFINITY;
    if (this.memoryBytes > limit * tight) {
      if (!this.#isTight) this.#began();
      const least = Math.min((limit * always) / this.#budget.limitBytes, 1);
      this.#squeeze(Math.max(this.#share / 2, least));
    } else if (this.#isTight && this.memoryBytes < limit * relaxed) {
      this.#squeeze(Math.min(this.#share * 2, 1));
      if (this.#share === 1) this.#ended();
    }
  }

  /** What V8 would collect one day is in the way now, and with few requests admitted it may see no need for a long time. */
  #relieve(isIdle: boolean): void {
    const now = this.#clock.now();
    const ago = Math.abs(now - this.#pressedAt);
    if (ago < (isIdle ? pressIdleEveryMs : pressEveryMs)) return;
    this.#pressedAt = now;
    const isUrgent = this.memoryBytes > (this.limitBytes as number) * urgent;
    // Once pressing has had its time.
    if (isUrgent && ago < 2 * pressIdleEveryMs && Math.abs(now - this.#collectedAt) >= collectEveryMs) {
      this.#collectedAt = now;
      this.#gauges.collect();
    } else this.#gauges.press();
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
  #followLoop(share: number): void {
    const refused = this.#budget.refused.total;
    const delay = this.#budget.refuseAfterMs;
    if (share > busy && refused > this.#refused) {
      this.#budget.refuseAfterMs = Math.min(Math.max(delay * 2, firstDelayMs), longestDelayMs);
    } else if (share < idle || refused === this.#refused) {
      this.#budget.refuseAfterMs = delay > firstDelayMs ? delay / 2 : 0;
    }
    this.#refused = refused;
  }
}

const pressureBytes = 128 * 1024 ** 2;

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
    // Nothing for V8 to see but a number: whatever is allocated outside of its heap beyond 64 MiB since it marked last has it mark. Nobody writes to
    // these bytes, so that the system gives no memory for them.
    press() {
      try {
        new ArrayBuffer(pressureBytes);
      } catch {
        // Where address space is limited there may be none left.
      }
    },
    // V8 takes a forced collection for one that is to save memory at any price: it lets go of the shapes of objects that are not there at the
    // moment, and then of all optimized code that knows them. Once a second, that halves what a collector gets done.
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
