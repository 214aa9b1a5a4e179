import type { DataPoint, LogRecord, Resource, Span } from '@otelier/otlp';
import type { Consume, Stage } from './consume.js';
import type { FieldClass } from './field-class.js';
import type { Flow } from './flow.js';
import type { Host } from './host.js';
import type { Signal, Signals } from './signal.js';

/** What `otelier check` and `otelier graph` know about a component without running it. */
export interface Traits {
  /** The options in force, for printing; secrets are already masked. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** The temporality in which sums and histograms leave this component, whatever came in. */
  readonly produces?: 'delta' | 'cumulative';
  /** The only temporality that this component takes; a pipeline that does not guarantee it is refused. */
  readonly accepts?: 'delta' | 'cumulative';
  /** Its stages have {@link Stage.state}: what comes out of them depends on batches that came before. */
  readonly stateful?: boolean;
  /** Points of several series may leave as one: afterwards a point that is sent again could not be told from another. */
  readonly merges?: boolean;
  /** Of an exporter: the classes of fields that may leave through it, beside labels. Absent: nothing was declared, and nothing is checked. */
  readonly clearance?: readonly FieldClass[];
  /** Of a processor or a connector's input: the classes of fields that do not leave it, whatever came in. */
  readonly removes?: readonly FieldClass[];
  /** Of a processor: the exporters inside it, to which it delivers beside what it passes on. */
  readonly sideExits?: SideExits;
}

/** The exporters inside a processor, for those who follow what leaves a pipeline. */
export interface SideExits {
  /** Each once; of which signals they are is the processor's to know. */
  readonly exporters: readonly Exporter<never>[];
  /** The same processor with other exporters in their place, for a rehearsal. */
  replaced(by: (exporter: Exporter<never>) => Exporter<never>): Processor<never>;
}

interface Component extends Traits {
  /** The folder's name, the name in telemetry: `redact-prompts`. */
  readonly name: string;
}

/**
 * Looks at, edits or drops one item. Return `false` to drop it; anything else keeps it.
 *
 * The item is only valid during the call. Several hooks may run on one item in turn; each sees the edits of those before it.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a hook that returns nothing is the common case
export type Hook<T> = (item: T, flow: Flow) => boolean | void;

/** Hooks of a processor: neighbouring processors with hooks run in one traversal of the batch. */
export interface Hooks {
  /** Once per resource of the batch, before its items; `false` drops everything under it. */
  readonly resource?: Hook<Resource>;
  readonly logRecord?: Hook<LogRecord>;
  readonly dataPoint?: Hook<DataPoint>;
  readonly span?: Hook<Span>;
}

/** Builds the running stage of one pipeline from the rest of that pipeline. */
export type ProcessorStage<S extends Signal> = (next: Consume<Signals[S]>, host: Host) => Stage<Signals[S]>;

/** Builds the running stage at a pipeline's end. */
export type ExporterStage<S extends Signal> = (host: Host) => Stage<Signals[S]>;

/** A component between receivers and exporters, with one property per signal that it handles. */
export type Processor<S extends Signal> = Component & {
  readonly kind: 'processor';
  /** Present when the processor only has hooks; the engine may then fuse it with its neighbours. */
  readonly hooks?: Hooks;
} & { readonly [K in S]: ProcessorStage<K> };

/** A component at a pipeline's end, with one property per signal that it takes. */
export type Exporter<S extends Signal> = Component & { readonly kind: 'exporter' } & {
  readonly [K in S]: ExporterStage<K>;
};

/** Where a receiver puts what it received; a signal that no pipeline takes from it is absent. */
export type Outlets<S extends Signal> = { readonly [K in S]?: Consume<Signals[K]> };

/** A receiver that runs. */
export interface RunningReceiver {
  /** Where it listens, for people: `http://127.0.0.1:4318`, with the real port when 0 was asked for. */
  readonly endpoints?: readonly string[];
  /** Resolves when a receiver that ends by itself (a file read to its end) has delivered everything; absent for servers. */
  readonly done?: Promise<void>;
  /** Stops taking new requests (they are told to come back) and returns at once; requests being answered go on. */
  stop(): Promise<void>;
  /**
   * Lets a receiver of the new graph take over its addresses while both run, and goes on until it is stopped; the returned function takes that back.
   * Without it a reload stops and closes this one before the other starts.
   */
  giveWay?(): () => void;
  /** Ends for good: sockets closed, files closed. Called after what was in flight has settled, or at the deadline. */
  close(): Promise<void>;
}

/** A component at a pipeline's beginning. */
export interface Receiver<S extends Signal> extends Component {
  readonly kind: 'receiver';
  readonly emits: { readonly [K in S]: true };
  /** Two receivers with the same key are the same running thing: on reload it is handed over instead of started again. */
  readonly key?: string;
  /** Binds, opens, subscribes; rejects with a PipelineError when it cannot. `out` may change its targets on reload: read it per batch. */
  start(out: Outlets<S>, host: Host): Promise<RunningReceiver>;
}
