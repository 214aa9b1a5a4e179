import { Detectors } from '../detect/detect.js';
import type { Detection, Detector } from '../detect/detector.js';
import { marker, markers } from './marks.js';

const SCRATCH = 12_288;
const nothing: readonly Detection[] = [];

/** Replaces what detectors find in texts that may stay. */
export class Guard {
  declare private readonly detectors: Detectors;
  declare private readonly report: (rule: string) => void;
  declare private readonly any: boolean;
  declare private readonly scratch: Buffer;

  constructor(detectors: readonly Detector[], report: (rule: string) => void) {
    this.detectors = new Detectors(detectors);
    this.report = report;
    this.any = detectors.length > 0;
    this.scratch = Buffer.alloc(SCRATCH);
  }

  /** False: nothing would be found in this UTF-8 text. */
  suspects(b: Uint8Array, from: number, to: number): boolean {
    return this.any && this.detectors.suspects(b, from, to);
  }

  /** What is found in a text; identities only when asked for. A detector that fails has found everything. */
  find(text: string, identities: boolean): readonly Detection[] {
    if (!this.suspectsText(text)) return nothing;
    let found: readonly Detection[];
    try {
      found = this.detectors.find(text);
    } catch {
      return [{ from: 0, to: text.length, rule: 'detector-failed', class: 'secret' }];
    }
    return identities || found.length === 0 ? found : found.filter((each) => each.class === 'secret');
  }

  /** {@link suspects} for a text; one that is too long to be looked at as bytes is always suspected. */
  private suspectsText(text: string): boolean {
    if (!this.any) return false;
    if (text.length * 3 > SCRATCH) return true;
    const { scratch } = this;
    const size = scratch.write(text);
    const suspected = this.detectors.suspects(scratch, 0, size);
    // What may be a secret does not lie around in memory.
    scratch.fill(0, 0, size);
    return suspected;
  }

  /** The text with a marker in place of each thing found; the same text when nothing was. */
  clean(text: string, identities: boolean): string {
    const found = this.find(text, identities);
    if (found.length === 0) return text;
    const marks = [...text.matchAll(markers)].map((match) => [match.index, match.index + match[0].length] as const);
    let out = '';
    let copied = 0;
    for (const each of found) {
      let { from, to } = each;
      // What was found may begin or end in a marker, as in `password=[secret password]`: a marker alone is nothing to hide.
      let covered = 0;
      for (const [start, end] of marks) {
        if (end <= from || start >= to) continue;
        covered += Math.min(end, to) - Math.max(start, from);
        from = Math.min(from, start);
        to = Math.max(to, end);
      }
      if (covered >= each.to - each.from || to <= copied) continue;
      from = Math.max(from, copied);
      out += text.slice(copied, from) + marker(each.class, each.rule);
      copied = to;
      this.report(each.rule);
    }
    return copied === 0 ? text : out + text.slice(copied);
  }
}
