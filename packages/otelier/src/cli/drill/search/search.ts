import type { Planted } from '../planting.js';
import { Needles } from './needles.js';
import { views } from './views.js';

/** Looks for planted canaries in what came out, whatever the spelling. */
export class Search {
  readonly #needles: Needles = new Needles();
  /** Of each needle, the canary and the place of its piece. */
  readonly #owners: { readonly planted: Planted; readonly piece: number }[] = [];

  constructor(planted: readonly Planted[]) {
    for (const each of planted) {
      for (const [piece, text] of each.pieces.entries()) {
        this.#needles.add(text);
        this.#owners.push({ planted: each, piece });
      }
    }
  }

  /** The canaries of which enough stands in the requests: a piece, or both halves of what was split. */
  in(requests: Iterable<Uint8Array>): ReadonlySet<Planted> {
    const through = new Set<Planted>();
    const halves = new Map<Planted, number>();
    const report = (number: number): void => {
      const { planted, piece } = this.#owners[number]!;
      if (!planted.all) {
        through.add(planted);
        return;
      }
      const seen = (halves.get(planted) ?? 0) | (1 << piece);
      halves.set(planted, seen);
      if (seen === (1 << planted.pieces.length) - 1) through.add(planted);
    };
    for (const bytes of requests) for (const view of views(bytes)) this.#needles.find(view, report);
    return through;
  }
}
