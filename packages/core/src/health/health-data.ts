import type { AccountData, CountsByReason } from '../run/account-data.js';
import type { DoorData } from './doors.js';
import type { QueueRoom } from './rooms.js';

/** How one pipeline does. */
export interface PipelineHealth {
  /**
   * Whether it takes data and moves it on: nothing is held, or something has ended within `health.stalledAfter`, or what is held waits in a
   * queue that has room.
   */
  readonly ready: boolean;
  /** Items inside its components. */
  readonly held: number;
  /** Its components that hold something of which nothing has ended for `health.stalledAfter` or longer. */
  readonly stalled: readonly StalledComponent[];
  /** Its queues that take batches and do not get rid of them. */
  readonly degraded: readonly DegradedQueue[];
}

/** A component that holds items and lets none of them go. */
export interface StalledComponent {
  readonly id: string;
  readonly held: number;
  /** Milliseconds since it has been known to stand still. */
  readonly sinceMs: number;
}

/** A queue that keeps what it has acknowledged while its backend does not take it. */
export interface DegradedQueue {
  readonly id: string;
  /** Items in it. */
  readonly held: number;
  /** Milliseconds since the backend's first failure after its last success; undefined when it does not fail and does not answer either. */
  readonly failingMs: number | undefined;
  /** Why it fails, as the log says it. */
  readonly failingWhy: string | undefined;
  /** Milliseconds since the batch was accepted that has been in it for longest. */
  readonly oldestMs: number | undefined;
  /** From 0, empty, to 1, full. */
  readonly fill: number;
}

/** Whether a collector can be trusted with data now, and why not. */
export interface HealthData {
  /** Always true of a collector that can answer. */
  readonly live: true;
  /** Whether it takes data, keeps what it must keep, and moves it on. */
  readonly ready: boolean;
  /** Why it is not ready, one sentence each; none holds telemetry. */
  readonly reasons: readonly string[];
  /** What does not go well although data is taken and safe, one sentence each: a queue whose backend is down. */
  readonly degraded: readonly string[];
  /** By path, such as `logs/events`. */
  readonly pipelines: { readonly [path: string]: PipelineHealth };
  /** Where `/healthz`, `/readyz` and `/status` are served, such as `http://127.0.0.1:13133`; undefined when they are not. */
  readonly endpoint: string | undefined;
}

/** What `/status` answers, and `otelier status` shows. */
export interface StatusData extends Omit<HealthData, 'endpoint'> {
  /** Of `@otelier/core`. */
  readonly version: string;
  readonly state: string;
  /** Since the collector was asked to start. */
  readonly uptimeSeconds: number;
  /** Receivers by id, and where they listen. */
  readonly receivers: { readonly [id: string]: readonly string[] };
  /** Bytes between receivers and exporters and in queues in memory, and the requests that found no room, by reason: `full`, `priority`, `memory`, and receivers' own. */
  readonly inFlight: { readonly bytes: number; readonly limitBytes: number; readonly refusedRequests: CountsByReason };
  /** What receivers turned away before it reached a pipeline, by their id. */
  readonly doors: { readonly [id: string]: DoorData };
  /** What the process uses of `limits.memory`; the limit is undefined when there is none. */
  readonly memory: { readonly bytes: number; readonly limitBytes?: number | undefined };
  /** Items inside components. */
  readonly held: number;
  /** Items that components refused, by reason. */
  readonly refused: CountsByReason;
  /** How full queues are, by component id. */
  readonly queues: { readonly [id: string]: QueueRoom };
  /** What every component did so far, by id. */
  readonly components: { readonly [id: string]: AccountData };
}
