import type { Outlets, Receiver, RunningReceiver } from '../component.js';
import type { Consume } from '../consume.js';
import type { AnyBatch, Signal } from '../signal.js';
import type { Account } from './account.js';
import { Face, rootOf } from './face.js';
import { fanOut } from './fan-out.js';
import type { Graph, Source } from './graph.js';
import { createHost, type Engine } from './host.js';
import type { Traffic } from './traffic.js';

interface Target {
  readonly consume: Consume<AnyBatch>;
  readonly traffic: Traffic;
}

/** A receiver that runs, or is about to: its outlets lead to the pipelines of one graph, and can be led to another's. */
export class RunningSource {
  readonly id: string;
  readonly accounts: Map<Signal, Account> = new Map();
  receiver: Receiver<Signal>;
  running: RunningReceiver | undefined;
  readonly #engine: Engine;
  readonly #outlets: { [signal: string]: Consume<AnyBatch> } = {};
  readonly #targets: Map<Signal, Target> = new Map();

  constructor(source: Source, graph: Graph, engine: Engine) {
    this.id = source.id;
    this.receiver = source.receiver;
    this.#engine = engine;
    this.lead(source, graph);
  }

  /** Leads what the receiver emits from now on to the pipelines of `graph`. */
  lead(source: Source, graph: Graph): void {
    this.receiver = source.receiver;
    const fed = new Set(source.feeds.map(({ signal }) => signal));
    for (const signal of fed) {
      const consumers = source.feeds.filter((entry) => entry.signal === signal).map(({ consume }) => consume);
      this.#targets.set(signal, { consume: fanOut(consumers), traffic: graph.traffic });
      this.#outlets[signal] ??= this.#outlet(signal);
    }
    for (const signal of this.#targets.keys()) {
      if (fed.has(signal)) continue;
      // A batch that is on its way to this outlet still finds its old target; new ones see that there is none.
      delete this.#outlets[signal];
    }
  }

  async start(): Promise<void> {
    const { name } = this.receiver;
    const place = { id: this.id, name, pipeline: undefined, signal: undefined };
    const host = createHost(this.#engine, place, this.accounts.values().next().value);
    // Signals that no pipeline takes have no property, which is what Outlets promises.
    this.running = await this.receiver.start(this.#outlets as Outlets<Signal>, host);
  }

  #outlet(signal: Signal): Consume<AnyBatch> {
    const account = this.#account(signal);
    return (batch, flow) => {
      const target = this.#targets.get(signal)!;
      const count = batch.count;
      const root = rootOf(flow);
      // The flow of a request becomes this outlet's; a connector passes on the flow of another receiver.
      const own = root.account === undefined || root.account.id.startsWith(`${this.id}/`);
      if (own) root.account = account;
      const face = own ? root : new Face(root, account, 0);
      account.emit(face, count);
      return target.traffic.run(target.consume, batch, face, account, count);
    };
  }

  #account(signal: Signal): Account {
    const known = this.accounts.get(signal);
    if (known !== undefined) return known;
    const opened = this.#engine.ledger.open(`${this.id}/${signal}`, 'receiver', this.receiver.name, signal, undefined);
    this.accounts.set(signal, opened);
    return opened;
  }
}
