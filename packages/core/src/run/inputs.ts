import type { Consume } from '../consume.js';
import { PipelineError } from '../error.js';
import { ConfigError } from '../options.js';
import type { AnyBatch, Signal } from '../signal.js';
import type { Account } from './account.js';
import { Face, rootOf } from './face.js';
import { fanOut } from './fan-out.js';
import type { Graph } from './graph.js';
import type { Engine } from './host.js';

/** The ways into a collector for data that a program has in hand. Each is accounted for like a receiver, as `inputs/logs/events`. */
export class Inputs {
  readonly #engine: Engine;
  readonly #running: () => Graph | undefined;
  readonly #accounts: Map<string, Account> = new Map();

  constructor(engine: Engine, running: () => Graph | undefined) {
    this.#engine = engine;
    this.#running = running;
  }

  /** @throws {ConfigError} when there is no such pipeline now. A reload may take it away later, then batches are refused. */
  open(signal: Signal, pipeline: string | undefined, now: Graph): Consume<AnyBatch> {
    const path = pipeline === undefined ? signal : `${signal}/${pipeline}`;
    const known = now.entries.filter((entry) => entry.signal === signal);
    if (!known.some((entry) => pipeline === undefined || entry.path === path)) {
      const paths = now.entries.map((entry) => entry.path).join(', ');
      throw new ConfigError(`input ${path}`, `one of ${paths}`);
    }
    const account = this.#account(`inputs/${path}`, signal);
    let graph: Graph | undefined;
    let consume: Consume<AnyBatch> | undefined;
    return (batch, flow) => {
      const running = this.#running();
      if (running !== graph) {
        graph = running;
        consume = running === undefined ? undefined : intoGraph(running, signal, pipeline);
      }
      if (graph === undefined || consume === undefined) {
        const why = graph === undefined ? 'the collector is not running' : `there is no pipeline ${path}`;
        return Promise.reject(new PipelineError('unavailable', why));
      }
      const root = rootOf(flow);
      const own = root.account === undefined || root.account === account;
      if (own) root.account = account;
      const face = own ? root : new Face(root, account, 0);
      const count = batch.count;
      account.emit(face, count);
      return graph.traffic.run(consume, batch, face, account, count);
    };
  }

  #account(id: string, signal: Signal): Account {
    const known = this.#accounts.get(id) ?? this.#engine.ledger.open(id, 'receiver', 'input', signal, undefined);
    this.#accounts.set(id, known);
    return known;
  }
}

function intoGraph(graph: Graph, signal: Signal, pipeline: string | undefined): Consume<AnyBatch> | undefined {
  const entries = graph.entries.filter(
    (entry) => entry.signal === signal && (pipeline === undefined || entry.path === `${signal}/${pipeline}`),
  );
  return entries.length === 0 ? undefined : fanOut(entries.map(({ consume }) => consume));
}
