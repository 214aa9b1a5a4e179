import type { Observable } from 'rxjs';
import type { PipelinesConfig } from '../config.js';
import type { Consume } from '../consume.js';
import type { RequestFlow } from '../flow.js';
import type { HealthData } from '../health/health-data.js';
import type { FlowOptions } from '../host.js';
import type { CollectorEvent, CollectorState } from '../observe/events.js';
import type { Signal, Signals } from '../signal.js';
import type { Duration } from '../units.js';
import type { AccountData } from './account-data.js';
import type { GraphData } from './graph-data.js';
import type { CollectorOptions } from './options.js';
import type { ShutdownReport } from './report.js';
import { RunningCollector } from './running-collector.js';

/** Pipelines that can be started, watched, reloaded and shut down. Sets no globals, handles no signals, never exits the process. */
export interface Collector extends AsyncDisposable {
  readonly state: CollectorState;
  /** The state now, and every state that follows. */
  readonly state$: Observable<CollectorState>;
  /** What happens from now on. */
  readonly events$: Observable<CollectorEvent>;
  /**
   * Resolves when all receivers that end by themselves (a file read to its end) have delivered everything, and rejects when one of them
   * failed. Stays open when no receiver ends by itself: a program that replays files ends when this does and {@link endpoints} is empty.
   */
  readonly done: Promise<void>;
  /** The pipeline file in force. */
  readonly config: PipelinesConfig;

  /**
   * Starts exporters, then processors, then receivers. The first failure stops what was started.
   *
   * @throws {PipelineError} naming the component that did not start.
   */
  start(): Promise<void>;
  /**
   * Stops taking in, delivers what is in flight, and closes everything by the deadline (default `limits.drain`); what is left then is given
   * back to its senders as `unavailable`. Calling it again gives the same promise, with a nearer deadline if that is asked for.
   */
  shutdown(options?: { readonly deadline?: Duration }): Promise<ShutdownReport>;
  /**
   * Puts another pipeline file in force: builds and starts the new graph, hands over receivers that are the same object or have the same
   * `key`, then drains and closes the old graph. A receiver on whose port a new one will listen gives way to it, or is closed before that one starts if it cannot. Any error
   * leaves the old graph running, or has it run again, and rejects.
   */
  reload(config: PipelinesConfig): Promise<void>;

  /** A way into the processors of one pipeline, or of all pipelines of the signal, for data that a program has in hand. */
  input<S extends Signal>(signal: S, pipeline?: string): Consume<Signals[S]>;
  /** A flow for one batch given to {@link input}. */
  flow(of?: FlowOptions): RequestFlow;

  /**
   * What reaches the exporters of a pipeline (`tap$('logs/events')`), while somebody watches. Each batch is a fork of the watchers' own, which
   * they must not edit; nobody waits for them.
   */
  tap$<S extends Signal>(pipeline: `${S}/${string}`): Observable<Signals[S]>;
  /** What every component did so far, by id. Sums outlive reloads. */
  accounts(): { readonly [id: string]: AccountData };
  /** The components and the ways between them. */
  graph(): GraphData;
  /** Where receivers listen, by component id. */
  endpoints(): { readonly [id: string]: readonly string[] };
  /** Whether it takes data, keeps what it must keep and moves it on, and why not: what `/readyz` answers when `health.endpoint` is set. */
  health(): HealthData;
}

/**
 * Builds a collector from a pipeline file. Nothing outside is touched before {@link Collector.start}.
 *
 * ```ts
 * await using collector = createCollector(config);
 * await collector.start();
 * await collector.input('logs')(batch, collector.flow());
 * ```
 *
 * @throws {ConfigError} naming the mistake in the pipeline file.
 */
export function createCollector(config: PipelinesConfig, options: CollectorOptions = {}): Collector {
  return new RunningCollector(config, options);
}
