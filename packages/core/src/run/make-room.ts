import type { Clock } from '../host.js';
import { Deadline } from './lifecycle.js';
import type { RunningSource } from './running-source.js';
import type { Traffic } from './traffic.js';

/**
 * Has receivers that a reload takes out of force let others have their addresses: those that can hand them over go on meanwhile, the rest are closed, and come back when the others do not start.
 *
 * All others are closed only when the new graph is in force, so that somebody always listens.
 */
export class MakeRoom {
  /** Those that were closed for others. */
  readonly closed: RunningSource[] = [];
  /** Those that let others take over their addresses, and how to end that. */
  readonly #giving: Map<RunningSource, () => void> = new Map();
  readonly #leaving: readonly RunningSource[];
  readonly #traffic: Traffic;
  readonly #deadline: Deadline;
  readonly #clock: Clock;

  constructor(leaving: readonly RunningSource[], traffic: Traffic, deadline: Deadline, clock: Clock) {
    this.#leaving = leaving;
    this.#traffic = traffic;
    this.#deadline = deadline;
    this.#clock = clock;
  }

  /** Closes the leaving receiver that holds the address for whose sake a new one did not start; false when there is none. */
  readonly for = async (error: unknown): Promise<boolean> => {
    const port = takenPort(error);
    if (port === undefined) return false;
    const holder = this.#leaving.find(
      ({ running }) => running?.endpoints?.some((endpoint) => endpoint.endsWith(`:${port}`)) === true,
    );
    if (holder?.running === undefined) return false;
    const { running } = holder;
    // Asked once: when that was not enough (the address is the same port of another interface), it is closed.
    if (running.giveWay !== undefined && !this.#giving.has(holder)) {
      this.#giving.set(holder, running.giveWay());
      return true;
    }
    // Whatever becomes of stop and close, this receiver is done with.
    holder.running = undefined;
    this.closed.push(holder);
    await this.#deadline.race(running.stop());
    // What it has taken in is answered before its connections are closed.
    await this.#deadline.race(this.#traffic.idle(new Set(holder.accounts.values())));
    await new Deadline(this.#clock, Math.max(this.#deadline.leftMs, closingMs)).race(running.close());
    return true;
  };

  /** Starts again what was closed; `failed` hears of those that cannot. */
  async undo(failed: (id: string, error: unknown) => void): Promise<void> {
    for (const end of this.#giving.values()) end();
    for (const source of this.closed) {
      try {
        await source.start();
      } catch (error) {
        failed(source.id, error);
      }
    }
  }
}

const closingMs = 1000;

/** The port that was in use, when that is why a receiver did not start. */
function takenPort(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, port } = error as { readonly code?: unknown; readonly port?: number };
  return code === 'EADDRINUSE' ? port : takenPort(error.cause);
}
