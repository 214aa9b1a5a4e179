import { Detectors } from '../detect/detect.js';
import type { Detection, Detector } from '../detect/detector.js';
import { marker, markers } from './marks.js';

/** Replaces what detectors find in texts that may stay. */
export class Guard {
  declare private readonly detectors: Detectors;
  declare private readonly report: (rule: string) => void;

  constructor(detectors: readonly Detector[], report: (rule: string) => void) {
    this.detectors = new Detectors(detectors);
    this.report = report;
  }

  /** False: nothing would be found in this UTF-8 text. */
  suspects(b: Uint8Array, from: number, to: number): boolean {
    return this.detectors.suspects(b, from, to);
  }

  /** What is found in a text; identities only when asked for. A detector that fails has found everything. */
  find(text: string, identities: boolean): readonly Detection[] {
    let found: readonly Detection[];
    try {
      found = this.detectors.find(text);
    } catch {
      return [{ from: 0, to: text.length, rule: 'detector-failed', class: 'secret' }];
    }
    return identities || found.length === 0 ? found : found.filter((each) => each.class === 'secret');
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
