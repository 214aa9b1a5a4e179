import type { PipelinesConfig } from '../config.js';
import { PipelineError } from '../error.js';
import type { CollectorState } from '../observe/events.js';
import type { Graph } from '../run/graph.js';
import type { Engine } from '../run/host.js';
import type { RunningSource } from '../run/running-source.js';
import { parseDuration } from '../units.js';
import type { DegradedQueue, HealthData, PipelineHealth, StatusData } from './health-data.js';
import type { HealthServer } from './health-server.js';
import { isFull } from './rooms.js';
import { Stalls } from './stalls.js';
import { statusOf } from './status.js';

type HealthOptions = PipelinesConfig['health'];

/** What is in force now. */
export interface InForce {
  readonly state: CollectorState;
  readonly graph: Graph;
  readonly sources: readonly RunningSource[];
}

/** A server, and where the pipeline file wants it. */
interface Served {
  readonly at: string;
  readonly server: HealthServer;
}

const defaultStalledMs = 30_000;
const looksPerStall = 10;
const longestLookMs = 5000;

/** Knows whether a collector is ready, and serves that over HTTP when it is asked to. */
export class Health {
  readonly #engine: Engine;
  /** Ids of receivers that failed while they ran. */
  readonly #failed: ReadonlySet<string>;
  readonly #now: () => InForce;
  readonly #stalls: Stalls;
  #cancelLook: (() => void) | undefined;
  #startedAt: number | undefined;
  #served: Served | undefined;
  #opening: Promise<void> | undefined;
  #closed = false;

  constructor(engine: Engine, failed: ReadonlySet<string>, now: () => InForce) {
    this.#engine = engine;
    this.#stalls = new Stalls(engine.rooms);
    this.#failed = failed;
    this.#now = now;
  }

  /**
   * Begins to look whether things move, and serves health at the endpoint of `options`, if there is one.
   *
   * @throws {PipelineError} when the address cannot be used.
   */
  start(options: HealthOptions): Promise<void> {
    const { clock } = this.#engine;
    this.#startedAt = clock.now();
    const look = (): void => {
      this.#look();
      this.#cancelLook = clock.after(Math.min(this.#stalledMs / looksPerStall, longestLookMs), look);
    };
    look();
    this.#opening = this.#open(options?.endpoint).then((opened) => {
      this.#served = opened;
    });
    // Whoever starts the collector awaits it later.
    this.#opening.catch(() => {});
    return this.#opening;
  }

  /**
   * Serves health at the endpoint of `options` from when `run` has succeeded; at the same endpoint, the server stays.
   *
   * @throws {PipelineError} when the address cannot be used, and whatever `run` throws; nothing has changed then.
   */
  async move(options: HealthOptions, run: () => Promise<void>): Promise<void> {
    const before = this.#served;
    const at = options?.endpoint;
    if (before?.at === at) return run();
    const opened = await this.#open(at);
    try {
      await run();
    } catch (error) {
      await opened?.server.close();
      throw error;
    }
    this.#served = opened;
    await before?.server.close();
    // A shutdown may not have waited for this.
    if (this.#closed) await opened?.server.close();
  }

  /** Ends what looks and what serves. */
  async close(): Promise<void> {
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    this.#closed = true;
    await this.#opening?.catch(() => {});
    const served = this.#served;
    this.#served = undefined;
    await served?.server.close();
  }

  data(): HealthData {
    if (this.#cancelLook !== undefined) this.#look();
    const { graph, state } = this.#now();
    const now = this.#engine.clock.now();
    const pipelines: Record<string, PipelineHealth> = {};
    for (const entry of graph.entries) pipelines[entry.path] = this.#stalls.health(entry, this.#stalledMs, now);
    const reasons = state === 'running' ? this.#reasons(pipelines, now) : [`the collector is ${state}`];
    // Pipelines share exporters: each is told once.
    const waiting = new Map(Object.values(pipelines).flatMap(({ degraded }) => degraded.map((one) => [one.id, one])));
    const degraded = [...waiting.values()].map(degradation);
    const ready = reasons.length === 0;
    return { live: true, ready, reasons, degraded, pipelines, endpoint: this.#served?.server.url };
  }

  status(): StatusData {
    const engine = this.#engine;
    const { state, sources } = this.#now();
    const uptimeMs = this.#startedAt === undefined ? 0 : engine.clock.now() - this.#startedAt;
    return statusOf(this.data(), { engine, state, sources, uptimeMs });
  }

  #reasons(pipelines: HealthData['pipelines'], now: number): string[] {
    const { stores, rooms, pressure } = this.#engine;
    const { graph, sources } = this.#now();
    const reasons: string[] = [];
    for (const { id, running } of sources) {
      if (running === undefined) reasons.push(`${id} does not listen`);
      else if (this.#failed.has(id)) reasons.push(`${id} has failed`);
    }
    const stalled = new Map(Object.values(pipelines).flatMap((each) => each.stalled.map((one) => [one.id, one])));
    for (const { id, held, sinceMs } of stalled.values()) {
      reasons.push(`${id} is stalled: it holds ${items(held)}, and none has left it for ${seconds(sinceMs)}`);
    }
    const { traffic } = graph;
    const waitingMs = this.#stalls.waitingMs(traffic, now);
    if (stalled.size === 0 && waitingMs >= this.#stalledMs) {
      const batches = traffic.inFlight === 1 ? '1 batch is' : `${traffic.inFlight} batches are`;
      reasons.push(`${batches} under way, and none has ended for ${seconds(waitingMs)}`);
    }
    for (const which of stores.unwritable()) reasons.push(`${which} does not take writes`);
    for (const [id, room] of Object.entries(rooms.data())) if (isFull(room)) reasons.push(`${id} is full`);
    if (pressure.isTight) reasons.push('memory is nearly used up');
    return reasons;
  }

  #look(): void {
    this.#stalls.look(this.#now().graph, this.#engine.clock.now());
    this.#engine.stores.probe();
  }

  get #stalledMs(): number {
    return parseDuration(this.#now().graph.config.health?.stalledAfter ?? '') ?? defaultStalledMs;
  }

  async #open(at: string | undefined): Promise<Served | undefined> {
    if (at === undefined) return undefined;
    // Most collectors serve nothing, and start without this.
    const { serveHealth } = await import('./health-server.js');
    try {
      return { at, server: await serveHealth(at, { health: () => this.data(), status: () => this.status() }) };
    } catch (error) {
      const why = error instanceof Error ? error.message : typeof error;
      throw new PipelineError('unavailable', `health.endpoint: ${why}`, { cause: error });
    }
  }
}

function degradation({ id, held, failingMs, failingWhy, oldestMs, fill }: DegradedQueue): string {
  const backend =
    failingMs === undefined
      ? 'does not answer'
      : `has been failing for ${seconds(failingMs)}${failingWhy === undefined ? '' : ` (${failingWhy})`}`;
  const oldest = oldestMs === undefined ? '' : `, the oldest for ${seconds(oldestMs)}`;
  const percent = Math.round(fill * 1000) / 10;
  return `${id} keeps ${items(held)}${oldest}: its backend ${backend}; it is ${percent} % full`;
}

function items(count: number): string {
  return count === 1 ? '1 item' : `${count} items`;
}

function seconds(ms: number): string {
  return `${Math.floor(ms / 1000)} s`;
}
