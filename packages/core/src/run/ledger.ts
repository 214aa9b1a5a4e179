import type { Signal } from '../signal.js';
import { Account, type Timer, type Witness } from './account.js';
import type { AccountData, ComponentKind } from './account-data.js';

/** All accounts of a collector. An id may have several at a time while a reload drains the old graph; they are reported as one. */
export class Ledger {
  readonly #pages: Map<string, Account[]> = new Map();
  readonly #witness: Witness;
  #timer: Timer | undefined;

  constructor(witness: Witness) {
    this.#witness = witness;
  }

  /** Opens an account, beside those that the same id has already. */
  open(id: string, kind: ComponentKind, name: string, signal: Signal, pipeline: string | undefined): Account {
    const account = new Account(id, kind, name, signal, pipeline, this.#witness);
    account.timer = this.#timer;
    const page = this.#pages.get(id);
    if (page === undefined) this.#pages.set(id, [account]);
    else page.push(account);
    return account;
  }

  /** Folds accounts that nothing counts in any more into one per id, so that reloads do not pile them up. */
  retire(accounts: Iterable<Account>): void {
    for (const account of accounts) {
      this.retire(account.inner);
      account.closed = true;
      const page = this.#pages.get(account.id) ?? [];
      const into = page.find((other) => other !== account && other.closed);
      if (into === undefined) continue;
      fold(into, account);
      page.splice(page.indexOf(account), 1);
    }
  }

  /** Has the accounts of now and later time their calls; undefined ends that. */
  time(timer: Timer | undefined): void {
    this.#timer = timer;
    for (const account of this) account.timer = timer;
  }

  /** Every account, also those of the same id. */
  *[Symbol.iterator](): Iterator<Account> {
    for (const page of this.#pages.values()) yield* page;
  }

  /** One account per id, as live objects: what telemetry observes. */
  *summed(): Iterable<Account> {
    for (const page of this.#pages.values()) {
      if (page.length === 1) {
        yield page[0]!;
        continue;
      }
      const { id, kind, name, signal, pipeline } = page[0]!;
      const sum = new Account(id, kind, name, signal, pipeline);
      for (const account of page) fold(sum, account);
      yield sum;
    }
  }

  /** Plain data, by id. */
  data(): { readonly [id: string]: AccountData } {
    const data: Record<string, AccountData> = {};
    for (const account of this.summed()) data[account.id] = accountData(account);
    return data;
  }
}

function accountData(account: Account): AccountData {
  const { id, kind, name, signal, pipeline, out, held } = account;
  return {
    ...{ id, kind, name, signal, pipeline, in: account.in, out, held },
    added: account.added.data(),
    dropped: account.dropped.data(),
    refused: account.refused.data(),
    failed: account.failed.data(),
    noted: account.noted.data(),
  };
}

function fold(into: Account, from: Account): void {
  into.in += from.in;
  into.out += from.out;
  into.held += from.held;
  into.kept += from.kept;
  into.lost += from.lost;
  for (const key of ['added', 'dropped', 'refused', 'failed', 'noted'] as const) {
    for (const [reason, { value }] of from[key].counts) into[key].add(reason, value);
  }
}
