import type { Clock, Flow, RequestFlow } from '@otelier/core';
import type { BatcherHost } from './batcher.js';

const neverAborts: AbortSignal = new AbortController().signal;

const clock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** The clock of the machine and flows that tell the merged senders what was refused: a batcher without an engine. */
export const surroundings: BatcherHost = {
  clock,
  flow: ({ signal = neverAborts, peer, from = [] } = {}) => new SharedFlow(signal, from, peer),
};

class SharedFlow implements RequestFlow {
  readonly signal: AbortSignal;
  readonly peer?: NonNullable<Flow['peer']>;
  refused = 0;
  refusal = '';
  private readonly from: readonly Flow[];

  constructor(signal: AbortSignal, from: readonly Flow[], peer: Flow['peer']) {
    this.signal = signal;
    this.from = from;
    if (peer !== undefined) this.peer = peer;
  }

  refuse(count: number, reason: string): void {
    this.refused += count;
    this.refusal = this.refusal === '' ? reason : `${this.refusal}; ${reason}`;
    // Which sender the items came from is not known here; the first stands for all, so that the sum is right.
    this.from[0]?.refuse(count, reason);
  }

  drop(count: number, reason: string): void {
    this.from[0]?.drop(count, reason);
  }

  add(count: number, reason: string): void {
    this.from[0]?.add(count, reason);
  }
}
