import { Buffer } from 'node:buffer';
import type { Detection, Detector } from './detector.js';
import { base64Runs } from './encoded/base64-runs.js';
import { unescaped } from './encoded/escapes.js';
import { percentDecoded } from './encoded/percent.js';
import type { View } from './encoded/view.js';
import { Scanner } from './prefilter/scanner.js';

/** Detectors that look at a text together, also at what is encoded in it. */
export class Detectors {
  declare private readonly detectors: readonly Detector[];
  declare private readonly scanner: Scanner;
  /** True when a detector has no clue, so that every text must be searched. */
  declare private readonly always: boolean;

  /** @param detectors The more specific before the more general: of two that find the same, the first gives the name. */
  constructor(detectors: readonly Detector[]) {
    this.detectors = detectors;
    this.scanner = new Scanner(detectors.map(({ clue }) => clue));
    this.always = detectors.some(({ clue }) => clue === undefined);
  }

  /**
   * Whether `find` may find something in this UTF-8 text, from `from` to before `to`. False is certain.
   * One pass over the bytes that allocates nothing.
   */
  suspects(bytes: Uint8Array, from: number, to: number): boolean {
    if (from >= to) return false;
    return this.always || this.scanner.suspects(bytes, from, to);
  }

  /**
   * Everything found in the text and in what is encoded in it, one level deep: backslash escapes, percent-encoding, base64 and base64url.
   * In order and not overlapping: what overlaps is one detection, named by the more guarded class and the more specific rule.
   * What is found in base64 covers the whole run.
   */
  find(text: string): readonly Detection[] {
    const found: Found[] = [];
    this.#search(text, (from, to, rank) => found.push({ from, to, rank }));
    const escapes = unescaped(text);
    const percent = percentDecoded(escapes?.text ?? text);
    for (const view of [escapes, compose(percent, escapes)]) {
      if (view === undefined) continue;
      const { origin } = view;
      this.#search(view.text, (from, to, rank) => found.push({ from: origin[from]!, to: origin[to]!, rank }));
      for (const run of base64Runs(view.text))
        this.#search(run.text, (_from, _to, rank) =>
          found.push({ from: origin[run.from]!, to: origin[run.to]!, rank }),
        );
    }
    for (const run of base64Runs(text))
      this.#search(run.text, (_from, _to, rank) => found.push({ from: run.from, to: run.to, rank }));
    return this.#merge(found);
  }

  /** Runs the detectors whose clue is in the text. `rank` is the detector's place in the list. */
  #search(text: string, found: (from: number, to: number, rank: number) => void): void {
    const detectors = this.detectors;
    const hits = new Uint8Array(detectors.length);
    this.scanner.mark(Buffer.from(text), hits);
    for (let rank = 0; rank < detectors.length; rank++) {
      const detector = detectors[rank]!;
      if (hits[rank] === 1 || detector.clue === undefined) detector.find(text, (from, to) => found(from, to, rank));
    }
  }

  #merge(found: Found[]): Detection[] {
    found.sort((a, b) => a.from - b.from || b.to - a.to);
    const merged: Found[] = [];
    for (const each of found) {
      const last = merged.at(-1);
      if (last === undefined || each.from >= last.to) merged.push(each);
      else {
        last.to = Math.max(last.to, each.to);
        last.rank = this.#moreGuarded(last.rank, each.rank);
      }
    }
    return merged.map(({ from, to, rank }) => {
      const { name, class: kind } = this.detectors[rank]!;
      return { from, to, rule: name, class: kind };
    });
  }

  #moreGuarded(a: number, b: number): number {
    const secretA = this.detectors[a]!.class === 'secret';
    const secretB = this.detectors[b]!.class === 'secret';
    if (secretA !== secretB) return secretA ? a : b;
    return Math.min(a, b);
  }
}

interface Found {
  readonly from: number;
  to: number;
  rank: number;
}

/** A view of a view as a view of the first one's source. */
function compose(outer: View | undefined, inner: View | undefined): View | undefined {
  if (outer === undefined || inner === undefined) return outer;
  return { text: outer.text, origin: outer.origin.map((at) => inner.origin[at]!) };
}
