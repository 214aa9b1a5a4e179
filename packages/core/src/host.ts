import type { Meter } from '@opentelemetry/api';
import type { Flow, Peer, RequestFlow } from './flow.js';
import type { Signal } from './signal.js';
import type { StateStore } from './store/state-store.js';

/** The part of pino's interface that components use: an object of fields first, then a sentence. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Time as components see it, so that tests can move it by hand. */
export interface Clock {
  /** Milliseconds since 1970, as `Date.now()`. */
  now(): number;
  /** Calls `run` once after `ms` milliseconds; the returned function cancels it. */
  after(ms: number, run: () => void): () => void;
}

/** Bytes that were admitted; they count against the limit until released. */
export interface Lease {
  /** Admits more bytes under this lease (a chunk of a body without a length); false when they do not fit. */
  grow(bytes: number): boolean;
  /** Gives everything back; calling it again does nothing. */
  release(): void;
}

/** The byte budget of everything that is in flight between receivers and exporters, and of what queues hold in memory. */
export interface Admission {
  /** Admits `bytes` of a signal, or answers undefined: then say `overloaded` before reading the body. Without a signal, all of the budget may be used. */
  acquire(bytes: number, signal?: Signal): Lease | undefined;
  /**
   * Counts bytes that are in memory and stay there when their sender has its answer, as in a queue. It cannot be refused, since they were
   * admitted as a request's: until that one is answered they count twice, also beyond the limit, and less is admitted.
   */
  hold(bytes: number): Lease;
  /** Counts a request that a receiver refuses as `overloaded` by a rule of its own, such as a share of the budget for each client. */
  turnAway(reason: string): void;
  /** Milliseconds that a sender should wait for its `overloaded`: above 0 while refusals take the time that others need. */
  readonly refuseAfterMs: number;
  readonly inFlightBytes: number;
  readonly limitBytes: number;
  /** Bytes that may be in flight now: {@link limitBytes}, or less while the process is short of memory. */
  readonly usableBytes: number;
}

/** What a flow of one's own may start from. */
export interface FlowOptions {
  /** Aborts when nobody waits for the outcome any more. */
  readonly signal?: AbortSignal | undefined;
  readonly peer?: Peer | undefined;
  /** The flows of the batches that were merged into the one that will travel: their senders hear of what it refuses. */
  readonly from?: readonly Flow[] | undefined;
}

/** What the engine gives a component: its name, its logger and instruments, the clock, the byte budget. */
export interface Host {
  /** Unique in the collector and the same after a restart, such as `logs/events/redact-prompts` or `receivers/otlp`. */
  readonly id: string;
  /** The component's name, such as `redact-prompts`. */
  readonly name: string;
  /** The pipeline, such as `events`; undefined for receivers, which may feed several. */
  readonly pipeline: string | undefined;
  /** The signal of the pipeline; undefined for receivers. */
  readonly signal: Signal | undefined;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly clock: Clock;
  readonly admission: Admission;
  /** Directory for state and queues; undefined means in memory only. */
  readonly dataDir: string | undefined;
  /**
   * Opens where the component may keep records that outlive the process: the collector's store, or one of its own in `dir`. Keys are the
   * component's own, found again under the same id. Undefined without a directory. The collector closes it after all components.
   *
   * @throws {PipelineError} when the directory cannot be used, or another process uses it.
   */
  openStore(dir?: string): Promise<StateStore | undefined>;
  /** Counts by reason what happened to items that stay: a reset, a gap, an overlap, a series that was forgotten. */
  note(count: number, reason: string): void;
  /** A flow for one request: receivers, and components that make batches of their own, start here. `of` may make its signal and peer when they are asked for. */
  flow(of?: FlowOptions): RequestFlow;
  /**
   * Runs what a stage with {@link Stage.state} does of its own accord, on a timer or at a flush, as if a batch had come: in turn with the batches
   * of its pipeline's stateful section, so that its changes of state become final together with what it passes on, or are taken back with it.
   *
   * `run` gets the flow to pass on with; the result is what its promise comes to. Must not be awaited by `consume`, whose turn would never end.
   * `run` is not called any more, and the result resolves, once the state has been handed over on reload or the stage has been closed.
   * Of a stage without state it just runs.
   */
  inTurn(run: (flow: Flow) => Promise<void>): Promise<void>;
  /** The host of a component inside this one, as in `queue(retry(otlpExporter()))`. */
  child(name: string): Host;
}
