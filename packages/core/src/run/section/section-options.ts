import type { Account } from '../account.js';
import type { Engine } from '../host.js';

/** What a section is made with. */
export interface SectionOptions {
  /** The pipeline's path, `metrics/usage`. */
  readonly path: string;
  readonly engine: Engine;
  /** Of the node that drops what has arrived before. */
  readonly entryAccount: Account;
  /** Of the outbox. */
  readonly account: Account;
  readonly windowMs: number;
  readonly outboxBytes: number;
  /** To be called when a batch reaches the outbox. */
  readonly onArrival: () => void;
}
