import { type Profiler, Session } from 'node:inspector';

type Interval = readonly [from: number, to: number];

const ours = /\/packages\/(otlp|receivers|exporters)\/(src|dist)\//;

/**
 * Tells whether code of ours ran that never ran before, by V8's block coverage.
 *
 * Kept per function is what has never run; a run is news when it makes some of that smaller.
 */
export class Coverage {
  private readonly session: Session = new Session();
  private readonly dark: Map<string, readonly Interval[]> = new Map();

  constructor() {
    this.session.connect();
    this.session.post('Profiler.enable');
    this.session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Functions seen, and parts of them that have not run. */
  get seen(): { readonly functions: number; readonly darkParts: number } {
    let darkParts = 0;
    for (const parts of this.dark.values()) darkParts += parts.length;
    return { functions: this.dark.size, darkParts };
  }

  /** Whether what ran since the last call did something new. With `keep` it is not new the next time. */
  isNews(keep: boolean): boolean {
    let news = false;
    for (const script of this.take()) {
      if (!ours.test(script.url)) continue;
      for (const { ranges } of script.functions) {
        const [whole] = ranges;
        if (whole === undefined || whole.count === 0) continue;
        const key = `${script.scriptId}:${whole.startOffset}-${whole.endOffset}`;
        const left = ranges
          .filter(({ count }) => count === 0)
          .map((range) => [range.startOffset, range.endOffset] as const);
        const before = this.dark.get(key);
        const now = before === undefined ? left : intersect(before, left);
        if (before !== undefined && size(now) === size(before)) continue;
        news = true;
        if (keep) this.dark.set(key, now);
      }
    }
    return news;
  }

  /** Ends the measuring: from here on the code runs at its own speed. */
  stop(): void {
    this.session.post('Profiler.stopPreciseCoverage');
    this.session.post('Profiler.disable');
    this.session.disconnect();
  }

  private take(): readonly Profiler.ScriptCoverage[] {
    let result: readonly Profiler.ScriptCoverage[] = [];
    // The session is of this very thread, so the answer is there when the call returns.
    this.session.post('Profiler.takePreciseCoverage', (_error, answer) => {
      result = answer?.result ?? [];
    });
    return result;
  }
}

function size(parts: readonly Interval[]): number {
  return parts.reduce((sum, [from, to]) => sum + to - from, 0);
}

function intersect(a: readonly Interval[], b: readonly Interval[]): Interval[] {
  const both: Interval[] = [];
  for (const [from, to] of a) {
    for (const [start, end] of b) {
      if (Math.max(from, start) < Math.min(to, end)) both.push([Math.max(from, start), Math.min(to, end)]);
    }
  }
  return both;
}
