import type { Observable } from 'rxjs';
import { createAdmission, resizeAdmission } from '../admission/create.js';
import type { PipelinesConfig } from '../config.js';
import type { Consume } from '../consume.js';
import { PipelineError } from '../error.js';
import type { RequestFlow } from '../flow.js';
import { Doors } from '../health/doors.js';
import { Health } from '../health/health.js';
import type { HealthData } from '../health/health-data.js';
import { Rooms } from '../health/rooms.js';
import type { FlowOptions } from '../host.js';
import { systemClock } from '../observe/clock.js';
import { Emitter } from '../observe/emitter.js';
import type { CollectorEvent, CollectorState } from '../observe/events.js';
import { createLogger } from '../observe/logger.js';
import { isRegistered, openTelemetry } from '../observe/open-telemetry.js';
import { silentMeter } from '../observe/silent-meter.js';
import { observeAccounts } from '../observe/telemetry.js';
import { ConfigError } from '../options.js';
import type { AnyBatch, Signal, Signals } from '../signal.js';
import type { StateStore } from '../store/state-store.js';
import { Stores } from '../store/stores.js';
import { type Duration, parseDuration } from '../units.js';
import type { AccountData } from './account-data.js';
import { checkConfig } from './check.js';
import { checkReload } from './check-reload.js';
import type { Collector } from './collector.js';
import { Endings } from './endings.js';
import { Estates } from './estates.js';
import { buildGraph, type Graph } from './graph.js';
import { type GraphData, graphData } from './graph-data.js';
import { type Handover, planHandover } from './handover.js';
import { type Engine, rootFlow } from './host.js';
import { Inputs } from './inputs.js';
import { Ledger } from './ledger.js';
import { tellLeftBehind } from './left-behind.js';
import { Deadline, drainGraph, startNodes, startSources } from './lifecycle.js';
import { MakeRoom } from './make-room.js';
import type { CollectorOptions } from './options.js';
import { report, type ShutdownReport } from './report.js';
import { RunningSource } from './running-source.js';
import { Tally } from './tally.js';
import { Tap } from './tap.js';
import { createWitness } from './witness.js';

const defaultDrainMs = 30_000;

/** The collector that runs. */
export class RunningCollector implements Collector {
  readonly #engine: Engine;
  readonly #states: Emitter<CollectorState> = new Emitter();
  readonly #events: Emitter<CollectorEvent> = new Emitter();
  readonly #restarts: Tally = new Tally();
  readonly #taps: Map<string, Tap> = new Map();
  readonly #endings: Endings;
  readonly #inputs: Inputs;
  readonly #health: Health;
  #graph: Graph;
  #sources: readonly RunningSource[];
  #state: CollectorState = 'created';
  /** Whether the program gave a meter of its own. */
  readonly #observed: boolean;
  #stopObserving: (() => void) | undefined;
  #starting: Promise<void> | undefined;
  #reloading: Promise<void> = Promise.resolve();
  #deadline: Deadline | undefined;
  /** Of the old graph, while a reload drains it. */
  #draining: Deadline | undefined;
  #stopping: Promise<ShutdownReport> | undefined;
  #abandoned = 0;
  /** Of stateful sections; undefined while there is none, and without a data directory. */
  #store: StateStore | undefined;
  readonly #onStores: CollectorOptions['onStores'];

  constructor(config: PipelinesConfig, options: CollectorOptions) {
    checkConfig(config);
    this.#onStores = options.onStores;
    const clock = options.clock ?? systemClock;
    const inForce = (): PipelinesConfig => this.#graph?.config ?? config;
    const logger = options.logger ?? createLogger({ level: () => inForce().telemetry?.logLevel ?? 'info' });
    let { meter } = options;
    this.#observed = meter !== undefined;
    this.#engine = {
      ...{ clock, logger },
      get meter() {
        return (meter ??= isRegistered('metrics') ? openTelemetry().metrics.getMeter('otelier') : silentMeter);
      },
      ...createAdmission(config.limits, logger),
      dataDir: options.dataDir ?? config.dataDir,
      stores: new Stores({ dataDir: options.dataDir ?? config.dataDir, store: options.store, logger }),
      ...{ estates: new Estates(), rooms: new Rooms(), doors: new Doors() },
      ledger: new Ledger(createWitness(this.#events, logger, clock)),
      restarted: (component, reason) => {
        this.#restarts.add(component, 1);
        this.#events.emit({ type: 'restarted', component, reason });
      },
    };
    this.#endings = new Endings((component, reason) => {
      logger.error({ component, reason }, 'a receiver failed');
      this.#events.emit({ type: 'failed', component, reason });
    });
    this.#inputs = new Inputs(this.#engine, () => (this.#state === 'running' ? this.#graph : undefined));
    this.#graph = this.#build(config);
    this.#sources = [];
    this.#health = new Health(this.#engine, this.#endings.failed, () => ({
      state: this.#state,
      graph: this.#graph,
      sources: this.#sources,
    }));
  }

  get state(): CollectorState {
    return this.#state;
  }

  get state$(): Observable<CollectorState> {
    return this.#states.observable(() => this.#state);
  }

  get events$(): Observable<CollectorEvent> {
    return this.#events.observable();
  }

  get done(): Promise<void> {
    return this.#endings.done;
  }

  get config(): PipelinesConfig {
    return this.#graph.config;
  }

  start(): Promise<void> {
    if (this.#stopping !== undefined)
      return Promise.reject(new PipelineError('unavailable', 'the collector has stopped'));
    return (this.#starting ??= this.#start());
  }

  shutdown(options: { readonly deadline?: Duration } = {}): Promise<ShutdownReport> {
    const ms = this.#drainMs(options.deadline);
    this.#deadline ??= new Deadline(this.#engine.clock, ms);
    this.#deadline.within(ms);
    // A reload that is draining the old graph must not take longer than the whole.
    this.#draining?.within(ms);
    return (this.#stopping ??= this.#stop(this.#deadline));
  }

  reload(config: PipelinesConfig): Promise<void> {
    const reloading = this.#reloading.then(() => this.#reload(config));
    this.#reloading = reloading.catch(() => {});
    return reloading;
  }

  input<S extends Signal>(signal: S, pipeline?: string): Consume<Signals[S]> {
    // A batch of the signal is an AnyBatch.
    return this.#inputs.open(signal, pipeline, this.#graph) as Consume<AnyBatch>;
  }

  flow(of?: FlowOptions): RequestFlow {
    return rootFlow(of, undefined);
  }

  tap$<S extends Signal>(pipeline: `${S}/${string}`): Observable<Signals[S]> {
    const known = this.#graph.entries.map(({ path }) => path);
    if (!known.includes(pipeline)) throw new ConfigError(`tap$ ${pipeline}`, `one of ${known.join(', ')}`);
    return this.#tap(pipeline).batches.observable() as Observable<AnyBatch> as Observable<Signals[S]>;
  }

  accounts(): { readonly [id: string]: AccountData } {
    return this.#engine.ledger.data();
  }

  graph(): GraphData {
    return graphData(this.#graph);
  }

  endpoints(): { readonly [id: string]: readonly string[] } {
    const listening = this.#sources.filter(({ running }) => (running?.endpoints?.length ?? 0) > 0);
    return Object.fromEntries(listening.map(({ id, running }) => [id, running?.endpoints ?? []]));
  }

  health(): HealthData {
    return this.#health.data();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  async #start(): Promise<void> {
    this.#enter('starting');
    const { stores, logger } = this.#engine;
    if (!stores.isDurable) logger.info({}, 'no data directory: state and queues live in memory');
    const sources = this.#graph.sources.map((source) => new RunningSource(source, this.#graph, this.#engine));
    this.#sources = sources;
    // Who asks while this starts hears that it is not ready yet.
    const served = this.#health.start(this.config.health);
    this.#engine.pressure.start();
    try {
      await this.#startGraph(this.#graph, sources, served);
    } catch (error) {
      this.#engine.pressure.close();
      await this.#health.close();
      await this.#engine.stores.close();
      if (this.#state === 'starting') this.#enter('stopped');
      throw error;
    }
    if (this.#state !== 'starting') {
      // The deadline of a shutdown passed before a component had started.
      await drainGraph(this.#graph, sources, new Deadline(this.#engine.clock, 0), this.#engine.clock);
      this.#engine.pressure.close();
      await this.#health.close();
      throw new PipelineError('unavailable', 'the collector was shut down while it started');
    }
    if (this.#observed || isRegistered('metrics')) {
      this.#stopObserving = observeAccounts(this.#engine, this.#restarts);
    }
    this.#endings.watch(sources);
    this.#onStores?.(stores.claims());
    this.#enter('running');
  }

  /** Starts everything of a graph, or nothing. */
  async #startGraph(
    graph: Graph,
    sources: readonly RunningSource[],
    served: Promise<void>,
    room?: MakeRoom,
  ): Promise<void> {
    // The data directory opens for the first graph that has something to keep in it.
    if (graph.entries.some(({ section }) => section !== undefined)) this.#store = await this.#engine.stores.open();
    await startNodes(graph, this.#started);
    try {
      // A reload opens sections when the old graph hands over; what arrives until then waits.
      if (room === undefined) await this.#openSections(graph, undefined);
      await served;
      await startSources(sources, this.#started, room?.for);
    } catch (error) {
      await drainGraph(graph, [], new Deadline(this.#engine.clock, 0), this.#engine.clock);
      throw error;
    }
  }

  async #stop(deadline: Deadline): Promise<ShutdownReport> {
    // A start or reload that is under way ends first; its failure is told to whoever asked for it.
    await deadline.race(Promise.all([this.#starting?.catch(() => {}), this.#reloading]));
    const errors: string[] = [];
    if (this.#state === 'running' || this.#state === 'starting') {
      this.#enter('draining');
      const drained = await drainGraph(this.#graph, this.#sources, deadline, this.#engine.clock);
      this.#abandoned += drained.abandoned;
      errors.push(...drained.errors);
    }
    errors.push(...(await this.#engine.stores.close()));
    this.#engine.pressure.close();
    await this.#health.close();
    this.#stopObserving?.();
    const result = report(this.#engine.ledger, this.#abandoned, errors);
    if (!result.clean) this.#engine.logger.error(result, 'stopped, not everything was delivered');
    this.#enter('stopped');
    this.#states.end();
    this.#events.end();
    for (const { batches } of this.#taps.values()) batches.end();
    return result;
  }

  async #reload(config: PipelinesConfig): Promise<void> {
    checkConfig(config);
    checkReload(this.#graph.config, config);
    if (this.#state !== 'running')
      throw new PipelineError('unavailable', `the collector is ${this.#state}, not running`);
    await this.#health.move(config.health, () => this.#replace(config));
  }

  async #replace(config: PipelinesConfig): Promise<void> {
    const [old, graph] = [this.#graph, this.#build(config)];
    const plan = planHandover(this.#sources, graph, this.#engine);
    const deadline = new Deadline(this.#engine.clock, this.#deadline?.leftMs ?? this.#drainMs(undefined));
    this.#draining = deadline;
    const room = new MakeRoom(plan.leaving, old.traffic, deadline, this.#engine.clock);
    try {
      await this.#startGraph(graph, plan.fresh, Promise.resolve(), room);
    } catch (error) {
      this.#retire(graph, plan.fresh);
      if (this.#state === 'running') await this.#comeBack(room);
      throw error;
    }
    await this.#switch(old, graph, plan);
    this.#events.emit({ type: 'reloaded' });
  }

  async #openSections(graph: Graph, old: Graph | undefined): Promise<void> {
    const before = (path: string) => old?.entries.find((entry) => entry.path === path)?.section;
    await Promise.all(graph.entries.map(({ path, section }) => section?.open(this.#store, before(path))));
  }

  async #comeBack(room: MakeRoom): Promise<void> {
    await room.undo((component, error) =>
      this.#engine.logger.error({ component, err: error }, 'a receiver of the old pipeline file did not start again'),
    );
    this.#endings.watch(room.closed);
  }

  /** From here on the new graph is in force: nothing may fail any more. */
  async #switch(old: Graph, graph: Graph, plan: Handover): Promise<void> {
    plan.handOver();
    // All in this turn; receivers that are handed over are open already, so that there is nothing to wait for.
    void this.#openSections(graph, old);
    this.#graph = graph;
    resizeAdmission(this.#engine, graph.config.limits);
    this.#sources = plan.sources;
    this.#endings.watch(plan.fresh);
    const deadline = new Deadline(this.#engine.clock, this.#deadline?.leftMs ?? this.#drainMs(undefined));
    this.#draining = deadline;
    const { abandoned, errors } = await drainGraph(old, plan.leaving, deadline, this.#engine.clock);
    this.#abandoned += abandoned;
    for (const error of errors)
      this.#engine.logger.error({ error }, 'a component of the old pipeline file did not close');
    tellLeftBehind(old, graph, this.#engine.logger);
    this.#retire(old, plan.leaving);
  }

  #retire(graph: Graph, sources: readonly RunningSource[]): void {
    const ofSources = sources.flatMap(({ accounts }) => [...accounts.values()]);
    this.#engine.ledger.retire([...graph.nodes.map(({ account }) => account), ...ofSources]);
  }

  #build(config: PipelinesConfig): Graph {
    return buildGraph(config, this.#engine, (path) => this.#tap(path));
  }

  #tap(path: string): Tap {
    const tap = this.#taps.get(path) ?? new Tap();
    this.#taps.set(path, tap);
    return tap;
  }

  #drainMs(deadline: Duration | undefined): number {
    return parseDuration(deadline ?? this.config.limits?.drain ?? '') ?? defaultDrainMs;
  }

  readonly #started = (component: string): void => this.#events.emit({ type: 'started', component });

  #enter(state: CollectorState): void {
    this.#state = state;
    this.#states.emit(state);
  }
}
