import type { Flow, Host } from '@otelier/core';
import type { DataPoint } from '@otelier/otlp';

/** What became of the points of one batch, by reason. One object serves batch after batch. */
export class Outcomes {
  declare private readonly dropped: Map<string, number>;
  declare private readonly noted: Map<string, number>;
  declare private refused: number;

  constructor() {
    this.dropped = new Map();
    this.noted = new Map();
    this.refused = 0;
  }

  /** Takes a point out of its batch, on purpose. */
  drop(point: DataPoint, reason: string): void {
    point.remove();
    this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + 1);
  }

  /** Takes a point out of its batch, and its sender hears of it. */
  refuse(point: DataPoint): void {
    point.remove();
    this.refused++;
  }

  /** Counts what happened to a point that stays, or to a series. */
  note(reason: string): void {
    this.noted.set(reason, (this.noted.get(reason) ?? 0) + 1);
  }

  /** Tells the engine, and starts over. */
  report(flow: Flow, host: Host, refusal: string): void {
    if (this.refused > 0) flow.refuse(this.refused, refusal);
    this.refused = 0;
    if (this.dropped.size > 0) {
      for (const [reason, count] of this.dropped) flow.drop(count, reason);
      this.dropped.clear();
    }
    this.tell(host);
  }

  /** Tells only what was noted: of work between batches. */
  tell(host: Host): void {
    if (this.noted.size === 0) return;
    for (const [reason, count] of this.noted) host.note(count, reason);
    this.noted.clear();
  }

  /** Forgets what was counted of a batch that failed halfway. */
  clear(): void {
    this.dropped.clear();
    this.noted.clear();
    this.refused = 0;
  }
}
