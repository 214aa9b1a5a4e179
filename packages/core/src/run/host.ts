import type { Meter } from '@opentelemetry/api';
import type { AdmissionParts } from '../admission/create.js';
import type { Flow, RequestFlow } from '../flow.js';
import type { Doors } from '../health/doors.js';
import type { Rooms } from '../health/rooms.js';
import type { Clock, FlowOptions, Host, Logger } from '../host.js';
import { componentLogger } from '../observe/logger.js';
import type { Signal } from '../signal.js';
import { ownedBy } from '../store/owned-store.js';
import type { Stores } from '../store/stores.js';
import type { Account } from './account.js';
import { accountOf, bindHost, engineOf } from './account-of.js';
import type { Estates } from './estates.js';
import { Face, Root } from './face.js';
import type { Ledger } from './ledger.js';

/** What all components of a collector share. */
export interface Engine extends AdmissionParts {
  readonly logger: Logger;
  readonly meter: Meter;
  readonly clock: Clock;
  readonly dataDir: string | undefined;
  readonly ledger: Ledger;
  /** Where what must survive is kept. */
  readonly stores: Stores;
  /** What components leave to those of the same id that replace them. */
  readonly estates: Estates;
  /** How full queues are. */
  readonly rooms: Rooms;
  /** What receivers turn away. */
  readonly doors: Doors;
  /** An operator failed and began anew. */
  restarted(component: string, reason: string): void;
}

/** Where a component is in the graph. */
export interface Place {
  readonly id: string;
  readonly name: string;
  readonly pipeline: string | undefined;
  readonly signal: Signal | undefined;
}

/** Lets a stage do something by itself between batches. */
export interface Turns {
  turn(run: (flow: Flow) => Promise<void>, account: Account | undefined): Promise<void>;
}

/** Makes the host of one component; `account` counts what its own flows do, `section` is where its state is kept, if it has any. */
export function createHost(engine: Engine, place: Place, account: Account | undefined, section?: Turns): Host {
  const { clock, admission, dataDir } = engine;
  const host: Host = {
    ...place,
    ...{ clock, admission, dataDir },
    logger: componentLogger(engine.logger, place.id, clock),
    get meter() {
      return engine.meter;
    },
    note: (count, reason) => account?.noted.add(reason, count),
    flow: (of) => rootFlow(of, account),
    openStore: async (dir) => {
      const store = await engine.stores.open(dir, place.id);
      return store === undefined ? undefined : ownedBy(store, place.id);
    },
    inTurn: (run) => (section === undefined ? at(run, rootFlow(undefined, account)) : section.turn(run, account)),
    child: (name) => createHost(engine, { ...place, id: `${place.id}/${name}`, name }, account, section),
  };
  bindHost(host, engine, account);
  return host;
}

/** A host and an account for a component inside another; undefined outside a collector. */
export function openInner(outer: Host, name: string, signal: Signal): { host: Host; account: Account } | undefined {
  const engine = engineOf(outer);
  if (engine === undefined) return undefined;
  const inside = accountOf(outer)?.inner ?? [];
  const base = `${outer.id}/${name}`;
  let id = base;
  // Of several of one name each has an account and records of its own, the same ones after a restart.
  for (let number = 2; inside.some((other) => other.id === id); number++) id = `${base}#${number}`;
  const place = { id, name, pipeline: outer.pipeline, signal };
  const account = engine.ledger.open(id, 'exporter', name, signal, outer.pipeline);
  inside.push(account);
  return { host: createHost(engine, place, account), account };
}

// What throws at once rejects too.
async function at(run: (flow: Flow) => Promise<void>, flow: Flow): Promise<void> {
  await run(flow);
}

/** A flow that begins here. */
export function rootFlow(of: FlowOptions | undefined, account: Account | undefined): RequestFlow {
  const from = of?.from?.filter((flow) => flow instanceof Face);
  return new Root(of, account, from);
}
