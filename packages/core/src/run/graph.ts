import type { Exporter, Hooks, Processor, ProcessorStage, Receiver } from '../component.js';
import type { Pipeline, PipelinesConfig } from '../config.js';
import type { Consume, Stage } from '../consume.js';
import type { AnyBatch, Signal } from '../signal.js';
import { isAccounted } from './accounted.js';
import { streamOrder } from './check-connectors.js';
import { fanOut } from './fan-out.js';
import { fuse, fusible, type HookPart } from './fuse.js';
import { createHost, type Engine, type Turns } from './host.js';
import { Node } from './node.js';
import { sectionBounds, sectionEnds } from './section/bounds.js';
import type { Section } from './section/section.js';
import type { Tap } from './tap.js';
import { Traffic } from './traffic.js';
import { watch, watchNext } from './watch.js';

/** One pipeline of a graph, as its receivers see it. */
export interface Entry {
  /** `logs/events`. */
  readonly path: string;
  readonly signal: Signal;
  readonly consume: Consume<AnyBatch>;
  readonly pipeline: Pipeline<Signal>;
  readonly processors: readonly Node[];
  readonly exporters: readonly Node[];
  /** What makes the totals of its stateful processors exact; undefined when it has none. */
  readonly section: Section | undefined;
}

/** A receiver of a graph and the pipelines that it feeds. */
export interface Source {
  readonly id: string;
  readonly receiver: Receiver<Signal>;
  readonly feeds: readonly Entry[];
}

/** Built pipelines: nothing in it has been started. */
export interface Graph {
  readonly config: PipelinesConfig;
  readonly entries: readonly Entry[];
  /** Processors and exporters in the order of the stream: start them from the last to the first. */
  readonly nodes: readonly Node[];
  readonly sources: readonly Source[];
  readonly traffic: Traffic;
}

/** Builds the stages of all pipelines. Starts nothing. */
export function buildGraph(config: PipelinesConfig, engine: Engine, tap: (path: string) => Tap): Graph {
  const ids = new Ids();
  const exporters = new ExporterNodes(engine, ids);
  const entries = streamOrder(config).map((path) => {
    const [signal, name] = path.split('.') as [Signal, string];
    // What checkConfig let through is a pipeline of its signal.
    const pipeline = config[signal]?.[name] as unknown as Pipeline<Signal>;
    return buildEntry({ signal, name, pipeline }, engine, ids, exporters, tap(`${signal}/${name}`), config.limits);
  });
  return {
    config,
    entries,
    nodes: inStreamOrder(entries),
    sources: collectSources(entries, ids),
    traffic: new Traffic(),
  };
}

function buildEntry(
  { signal, name, pipeline }: { readonly signal: Signal; readonly name: string; readonly pipeline: Pipeline<Signal> },
  engine: Engine,
  ids: Ids,
  exporterNodes: ExporterNodes,
  tap: Tap,
  limits: PipelinesConfig['limits'],
): Entry {
  const path = `${signal}/${name}`;
  const processors = (pipeline.processors ?? []).map((component) => {
    const id = ids.unique(`${path}/${component.name}`);
    return new Node(id, component, signal, engine.ledger.open(id, 'processor', component.name, signal, name));
  });
  const exporters = pipeline.exporters.map((component) => exporterNodes.get(component, signal, name));
  const end = tap.before(fanOut(exporters.map(({ consume }) => consume)));
  const through = (nodes: readonly Node[], next: Consume<AnyBatch>, turns?: Turns): Consume<AnyBatch> =>
    traversals(nodes).reduceRight(
      (after, run) =>
        hooksOf(run[0]!) === undefined ? chain(run[0]!, after, engine, name, turns) : traverse(run, signal, after),
      next,
    );
  const rest = { path, signal, pipeline, exporters: exporters.map(({ node }) => node) };
  const bounds = sectionBounds(pipeline.processors ?? []);
  if (bounds === undefined) return { ...rest, consume: through(processors, end), processors, section: undefined };
  const { from, to } = bounds;
  const ends = sectionEnds({ signal, name, path }, engine, ids, limits);
  const { section, entry, outbox } = ends;
  const inside = processors.slice(from, to);
  const after = processors.slice(to);
  section.outbox.next = through(after, end);
  if (after.every((node) => hooksOf(node) !== undefined))
    section.outbox.targets = exporters.map(({ node }) => node.account);
  section.inner = through(inside, section.gate, section);
  for (const { id, stage, account } of inside)
    if (stage?.state !== undefined) section.parts.push({ id, state: stage.state, account });
  return {
    ...rest,
    consume: through(processors.slice(0, from), section.consume),
    processors: [...processors.slice(0, from), entry, ...inside, outbox, ...processors.slice(to)],
    section,
  };
}

/** Neighbouring processors with hooks run together, every other processor by itself. */
function traversals(nodes: readonly Node[]): Node[][] {
  const runs: Node[][] = [];
  for (const node of nodes) {
    const hooks = hooksOf(node);
    const before = runs[runs.length - 1]?.map(hooksOf) ?? [undefined];
    if (hooks !== undefined && before.every((each) => each !== undefined) && fusible(before, hooks))
      runs[runs.length - 1]!.push(node);
    else runs.push([node]);
  }
  return runs;
}

function hooksOf(node: Node): Hooks | undefined {
  return (node.component as Processor<Signal>).hooks;
}

function traverse(nodes: readonly Node[], signal: Signal, next: Consume<AnyBatch>): Consume<AnyBatch> {
  const parts = nodes.map((node): HookPart => ({ hooks: hooksOf(node) ?? {}, account: node.account }));
  return fuse(signal, parts, next);
}

function chain(
  node: Node,
  next: Consume<AnyBatch>,
  engine: Engine,
  pipeline: string,
  turns: Turns | undefined,
): Consume<AnyBatch> {
  const { id, component, signal, account } = node;
  const host = createHost(engine, { id, name: component.name, pipeline, signal }, account, turns);
  const build = component[signal] as unknown as ProcessorStage<Signal>;
  const counts = isAccounted(build);
  const onward = counts ? next : watchNext(next, account);
  const stage = build(onward, host) as Stage<AnyBatch>;
  if (counts) return stage.consume;
  node.stage = stage;
  return watch(stage, account, () => node.arrived());
}

/** Exporters run once per signal, however many pipelines end in them. */
class ExporterNodes {
  readonly #engine: Engine;
  readonly #ids: Ids;
  readonly #built: Map<string, Map<object, { readonly node: Node; readonly consume: Consume<AnyBatch> }>> = new Map();

  constructor(engine: Engine, ids: Ids) {
    this.#engine = engine;
    this.#ids = ids;
  }

  get(
    component: Exporter<Signal>,
    signal: Signal,
    pipeline: string,
  ): { readonly node: Node; readonly consume: Consume<AnyBatch> } {
    const ofSignal = this.#built.get(signal) ?? new Map();
    this.#built.set(signal, ofSignal);
    const known = ofSignal.get(component);
    if (known !== undefined) return known;
    const made = this.#build(component, signal, pipeline);
    ofSignal.set(component, made);
    return made;
  }

  #build(component: Exporter<Signal>, signal: Signal, pipeline: string): { node: Node; consume: Consume<AnyBatch> } {
    const { name } = component;
    const id = this.#ids.unique(`${signal}/${pipeline}/${name}`);
    const account = this.#engine.ledger.open(id, 'exporter', name, signal, pipeline);
    const node = new Node(id, component, signal, account);
    const host = createHost(this.#engine, { id, name, pipeline, signal }, account);
    const stage = (component[signal] as unknown as (of: typeof host) => Stage<AnyBatch>)(host);
    node.stage = stage;
    return { node, consume: watch(stage, account, () => node.arrived()) };
  }
}

/** Ids are unique in a graph: the second of a name gets `#2`. */
export class Ids {
  readonly #counts: Map<string, number> = new Map();

  unique(id: string): string {
    const count = (this.#counts.get(id) ?? 0) + 1;
    this.#counts.set(id, count);
    return count === 1 ? id : `${id}#${count}`;
  }
}

function inStreamOrder(entries: readonly Entry[]): readonly Node[] {
  const last = new Map<Node, Entry>();
  for (const entry of entries) for (const node of entry.exporters) last.set(node, entry);
  return entries.flatMap((entry) => [
    ...entry.processors,
    ...entry.exporters.filter((node) => last.get(node) === entry),
  ]);
}

function collectSources(entries: readonly Entry[], ids: Ids): readonly Source[] {
  const feeds = new Map<Receiver<Signal>, Entry[]>();
  for (const entry of entries) {
    for (const receiver of entry.pipeline.receivers) feeds.set(receiver, [...(feeds.get(receiver) ?? []), entry]);
  }
  return [...feeds].map(([receiver, fed]) => ({ id: ids.unique(`receivers/${receiver.name}`), receiver, feeds: fed }));
}
