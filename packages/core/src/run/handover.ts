import type { Graph } from './graph.js';
import type { Engine } from './host.js';
import { RunningSource } from './running-source.js';

/** What a reload does with receivers. */
export interface Handover {
  /** All receivers of the new graph. */
  readonly sources: readonly RunningSource[];
  /** Those that have to be started. */
  readonly fresh: readonly RunningSource[];
  /** Those of the old graph that nobody takes over. */
  readonly leaving: readonly RunningSource[];
  /** Leads the receivers that stay to the new graph, all in one go. */
  handOver(): void;
}

/** Finds the running receivers that the new graph takes over: the same object, or another one with an equal key. */
export function planHandover(running: readonly RunningSource[], graph: Graph, engine: Engine): Handover {
  const leaving = [...running];
  const moves: (() => void)[] = [];
  const fresh: RunningSource[] = [];
  const sources = graph.sources.map((source) => {
    const { receiver } = source;
    const at = leaving.findIndex(
      (old) => old.receiver === receiver || (receiver.key !== undefined && old.receiver.key === receiver.key),
    );
    const staying = at < 0 ? undefined : leaving.splice(at, 1)[0];
    if (staying === undefined) {
      const made = new RunningSource(source, graph, engine);
      fresh.push(made);
      return made;
    }
    moves.push(() => staying.lead(source, graph));
    return staying;
  });
  return { sources, fresh, leaving, handOver: () => moves.forEach((move) => void move()) };
}
