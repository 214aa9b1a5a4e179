import type { Ledger } from './ledger.js';

/** What became of everything that a collector took in, over all of its life. Numbers are items: log records, data points and spans. */
export interface ShutdownReport {
  /** Items that exporters delivered, counted per exporter; to a queue inside another exporter is delivered for that one. */
  readonly delivered: number;
  /** Items that components dropped on purpose. */
  readonly dropped: number;
  /** Items that components refused; whoever sent them was told. */
  readonly refused: number;
  /** Items that were given back at the deadline; part of `refused`. */
  readonly abandoned: number;
  /** Items that were acknowledged and never delivered: what queues dropped, and what was held in memory at the end. */
  readonly lost: number;
  /** Items that durable queues keep for the next start. */
  readonly kept: number;
  /** Components that failed to close, with their message. */
  readonly errors: readonly string[];
  /** Whether nothing was abandoned, nothing was lost, and everything closed. */
  readonly clean: boolean;
}

/** Sums the accounts at the end of a shutdown. */
export function report(ledger: Ledger, abandoned: number, errors: readonly string[]): ShutdownReport {
  let [delivered, dropped, refused, lost, kept] = [0, 0, 0, 0, 0];
  const inner = new Set([...ledger].flatMap((account) => (account.kind === 'exporter' ? account.inner : [])));
  for (const account of ledger) {
    // What a queue has said yes to is its own to answer for, wherever it stands: whoever is around it counts that as delivered.
    lost += account.lost;
    kept += account.kept;
    // For everything else a wrapper answers for what it wraps.
    if (inner.has(account)) continue;
    if (account.kind === 'exporter') delivered += account.out;
    dropped += account.dropped.total;
    refused += account.refused.total;
  }
  const clean = abandoned === 0 && lost === 0 && errors.length === 0;
  return { delivered, dropped, refused, abandoned, lost, kept, errors, clean };
}
