import { type Host, type Kept, keep } from '@otelier/core';

/** Tells the engine how many points are held, when that has become final. */
export class Holding {
  declare private readonly host: Host;
  /** What is held, the oldest first, with how many of each are left. */
  declare private readonly kept: { readonly kept: Kept; left: number }[];
  // Since the last save or undo.
  declare private begun: number;
  declare private sent: number;
  /** Of those sent, how many were held before: the others went out with the batch that brought as many. */
  declare private lent: number;

  constructor(host: Host) {
    this.host = host;
    this.kept = [];
    this.begun = 0;
    this.sent = 0;
    this.lent = 0;
  }

  /** So many were taken from a batch, and so many go out with it. */
  take(begun: number, sent: number): void {
    this.begun += begun;
    this.sent += sent;
    this.lent += Math.max(0, sent - begun);
  }

  recovered(count: number): void {
    if (count > 0) this.kept.push({ kept: keep(this.host, count, { recovered: true }), left: count });
  }

  save(): void {
    if (this.begun > 0) this.kept.push({ kept: keep(this.host, this.begun), left: this.begun });
    this.end(this.sent, (kept, count) => kept.delivered(count));
    this.clear();
  }

  undo(): void {
    if (this.lent > 0) this.kept[0]?.kept.returned(this.lent);
    this.clear();
  }

  /** What is held is lost. */
  lose(): void {
    this.end(Number.POSITIVE_INFINITY, (kept, count) => kept.drop(count, 'not_sent'));
  }

  private end(count: number, how: (kept: Kept, count: number) => void): void {
    for (let left = count; left > 0 && this.kept.length > 0; ) {
      const first = this.kept[0]!;
      const some = Math.min(left, first.left);
      how(first.kept, some);
      left -= some;
      first.left -= some;
      if (first.left === 0) this.kept.shift();
    }
  }

  private clear(): void {
    this.begun = 0;
    this.sent = 0;
    this.lent = 0;
  }
}
