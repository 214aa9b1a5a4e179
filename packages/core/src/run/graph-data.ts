import type { Traits } from '../component.js';
import { linkOf } from '../define/connector.js';
import type { Signal } from '../signal.js';
import type { ComponentKind } from './account-data.js';
import type { Graph } from './graph.js';

/** One component of a graph, for printing. */
export interface GraphNode {
  readonly id: string;
  readonly kind: ComponentKind;
  readonly name: string;
  /** The options in force, secrets masked; empty when the component does not tell. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly produces?: Traits['produces'];
  readonly accepts?: Traits['accepts'];
  readonly clearance?: Traits['clearance'];
  readonly removes?: Traits['removes'];
}

/** A way that batches of one signal take. */
export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly signal: Signal;
  /** The pipeline that the edge belongs to; absent between the ends of a connector. */
  readonly pipeline?: string;
}

/** A graph as plain data. */
export interface GraphData {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/** Describes a graph for printing. */
export function graphData(graph: Graph): GraphData {
  const nodes = [
    ...graph.sources.map(({ id, receiver }) => nodeData(id, receiver)),
    ...graph.nodes.map(({ id, component }) => nodeData(id, component)),
  ];
  const edges: GraphEdge[] = [];
  for (const { path, signal, pipeline, processors, exporters } of graph.entries) {
    const name = path.slice(signal.length + 1);
    const edge = (from: string, to: string): void => void edges.push({ from, to, signal, pipeline: name });
    const sources = graph.sources.filter(({ receiver }) => pipeline.receivers.includes(receiver));
    let heads = sources.map(({ id }) => id);
    for (const { id } of processors) {
      for (const head of heads) edge(head, id);
      heads = [id];
    }
    for (const { id } of exporters) for (const head of heads) edge(head, id);
  }
  for (const input of graph.nodes) {
    const link = linkOf(input.component);
    if (link === undefined) continue;
    for (const { id, receiver, feeds } of graph.sources) {
      if (linkOf(receiver) === link) edges.push({ from: input.id, to: id, signal: feeds[0]!.signal });
    }
  }
  return { nodes, edges };
}

function nodeData(id: string, component: Traits & { readonly kind: ComponentKind; readonly name: string }): GraphNode {
  const { kind, name, options = {}, produces, accepts, clearance, removes } = component;
  return {
    ...{ id, kind, name, options },
    ...(produces === undefined ? {} : { produces }),
    ...(accepts === undefined ? {} : { accepts }),
    ...(clearance === undefined ? {} : { clearance }),
    ...(removes === undefined ? {} : { removes }),
  };
}
