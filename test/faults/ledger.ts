/** What is known of one record. */
interface Line {
  acknowledged: boolean;
  /** How often the store had been damaged when the acknowledged attempt began. */
  damages: number;
  /** The backend has said that it does not take it. */
  rejected: boolean;
  arrivals: number;
  /** Crashes until it arrived last, and when that was. */
  crashes: number;
  at: number;
  /** How often it may have arrived, for all that those who sent it could know. */
  allowed: number;
}

/** What became of the records of a fault. */
export interface Sums {
  readonly sent: number;
  readonly acknowledged: number;
  readonly delivered: number;
  /** Acknowledged, and left out by the backend, which said so. */
  readonly rejected: number;
  /** Acknowledged, and in a store that was damaged before they had arrived. */
  readonly setAside: number;
  /** Acknowledged and in none of the above. */
  readonly lost: number;
  /** Arrivals beyond the first. */
  readonly duplicated: number;
  /** Those of them that whoever sent them could have known to have arrived. */
  readonly avoidable: number;
}

/** Every record by its id: who was told that it is safe, and how often it arrived. */
export class Ledger {
  private readonly lines: Map<string, Line> = new Map();
  /** When each crash was. */
  private readonly crashes: number[] = [];
  private readonly forgetsMs: number;
  /** How often the store was damaged. */
  damages = 0;
  /** Records that were answered with 200. */
  acknowledgements = 0;
  /** Requests that were refused for now. */
  refusals = 0;
  /** Records that arrived, each time counted. */
  arrivals = 0;
  /** What may not happen at all. */
  readonly problems: Set<string> = new Set();

  /** @param forgetsMs - how long before a crash something may have arrived and yet come again. */
  constructor(forgetsMs = Number.POSITIVE_INFINITY) {
    this.forgetsMs = forgetsMs;
  }

  sent(ids: readonly string[]): void {
    const line = { acknowledged: false, damages: 0, rejected: false, arrivals: 0, crashes: 0, at: 0, allowed: 1 };
    for (const id of ids) this.lines.set(id, { ...line });
  }

  /** The sender got no answer: what it sends again may have been accepted. */
  unanswered(ids: readonly string[]): void {
    for (const id of ids) this.line(id).allowed++;
  }

  /** @param damages - how often the store had been damaged when this attempt began. */
  acknowledged(ids: readonly string[], damages: number): void {
    this.acknowledgements += ids.length;
    for (const id of ids) Object.assign(this.line(id), { acknowledged: true, damages });
  }

  arrived(ids: readonly string[]): void {
    this.arrivals += ids.length;
    const now = performance.now();
    for (const id of ids) {
      const line = this.line(id);
      const crash = this.crashes[line.crashes];
      // Between the backend's yes and the commit that remembers it, a crash forgets.
      if (line.arrivals > 0 && crash !== undefined && crash - line.at <= this.forgetsMs) line.allowed++;
      line.arrivals++;
      line.crashes = this.crashes.length;
      line.at = now;
    }
  }

  /** Nobody can say whether the collector has heard that these arrived. */
  unheard(ids: readonly string[]): void {
    for (const id of ids) this.line(id).allowed++;
  }

  rejected(ids: readonly string[]): void {
    for (const id of ids) this.line(id).rejected = true;
  }

  /** The collector was killed. */
  crashed(): void {
    this.crashes.push(performance.now());
  }

  /** @param isReported - whether the collector has said that it had to set aside what was in a damaged store. */
  sums(isReported: boolean): Sums {
    const sums = { sent: this.lines.size, acknowledged: 0, delivered: 0, rejected: 0, setAside: 0, lost: 0 };
    let [duplicated, avoidable] = [0, 0];
    for (const { acknowledged, damages, rejected, arrivals, allowed } of this.lines.values()) {
      if (acknowledged) sums.acknowledged++;
      if (arrivals > 0) sums.delivered++;
      else if (acknowledged) {
        if (rejected) sums.rejected++;
        else if (isReported && damages < this.damages) sums.setAside++;
        else sums.lost++;
      }
      duplicated += Math.max(0, arrivals - 1);
      avoidable += Math.max(0, arrivals - allowed);
    }
    return { ...sums, duplicated, avoidable };
  }

  private line(id: string): Line {
    const line = this.lines.get(id);
    if (line !== undefined) return line;
    this.problems.add('a record arrived that nobody has sent');
    return { acknowledged: false, damages: 0, rejected: false, arrivals: 0, crashes: 0, at: 0, allowed: 1 };
  }
}
