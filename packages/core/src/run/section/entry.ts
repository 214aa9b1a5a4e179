import type { PipelineError } from '../../error.js';
import type { Flow } from '../../flow.js';
import type { Lease } from '../../host.js';
import type { AnyBatch } from '../../signal.js';
import type { Account } from '../account.js';
import { Face } from '../face.js';

/** A batch that came out of a stateful section: the outbox keeps it until it has been delivered. */
export class Entry {
  /** Its place in the order of the outbox; 0 until it is in there. */
  declare seq: number;
  declare readonly batch: AnyBatch;
  declare readonly count: number;
  /** Encoded size in bytes. */
  declare readonly size: number;
  /** Whether it would survive a crash, as far as anything does here. */
  declare durable: boolean;
  /** Whether an attempt to deliver it has failed. */
  declare failed: boolean;
  /** Ids of exporters that have taken it over already, while others have not; undefined when it has only one. */
  declare taken: Set<string> | undefined;
  /** The flow of the sender, while it waits for the outcome. */
  declare flow: Flow | undefined;
  /** On the collector's byte budget, once the sender has been told and its request counts no more. */
  declare lease: Lease | undefined;
  declare private resolve: (() => void) | undefined;
  declare private reject: ((error: PipelineError) => void) | undefined;

  constructor(batch: AnyBatch, flow: Flow | undefined) {
    this.seq = 0;
    this.batch = batch;
    this.count = batch.count;
    this.size = batch.size;
    this.durable = false;
    this.failed = false;
    this.taken = undefined;
    this.flow = flow;
    this.lease = undefined;
    this.resolve = undefined;
    this.reject = undefined;
  }

  /** The outcome for the sender. */
  outcome(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** Whether the sender still waits. */
  get awaited(): boolean {
    return this.resolve !== undefined;
  }

  /** Tells the sender, if it waits, how its batch ended. */
  tell(error: PipelineError | undefined): void {
    const { resolve, reject } = this;
    this.flow = undefined;
    this.resolve = undefined;
    this.reject = undefined;
    if (error === undefined) resolve?.();
    else reject?.(error);
  }
}

/** Puts an entry in its place among others. */
export function insert(entries: Entry[], entry: Entry): void {
  let at = 0;
  while (at < entries.length && entries[at]!.seq < entry.seq) at++;
  entries.splice(at, 0, entry);
}

/** Turns away what has entered `account` and is in no outbox yet. */
export function refuseAll(entries: readonly Entry[], account: Account, error: PipelineError): void {
  for (const entry of entries) {
    account.fail(new Face(undefined, account, entry.count), error.code);
    entry.tell(error);
  }
}
