import type { FieldClass } from '@otelier/core';
import type { Clue } from './prefilter/clue.js';

/** One kind of text that is recognised by its form: a key of one provider, an e-mail address, a card number. */
export interface Detector {
  /** Name in reports and metrics: `github-token`, `email`. */
  readonly name: string;
  /** `secret` for what opens doors, `identity` for what tells who it was. */
  readonly class: Extract<FieldClass, 'secret' | 'identity'>;
  /**
   * What every text has in which `find` finds something; texts without it are not searched.
   * It must hold for the text as `find` gets it; forms that are encoded are looked after elsewhere. Without a clue every text is searched.
   */
  readonly clue?: Clue;
  /**
   * Finds every occurrence in a text, in order and without overlap, in time linear in the text's length.
   * `report(from, to)` takes positions in UTF-16 units, the end exclusive.
   */
  find(text: string, report: (from: number, to: number) => void): void;
}

/** One place in a text that a detector recognised. Positions are UTF-16 units of the text as it was given, the end exclusive. */
export interface Detection {
  readonly from: number;
  readonly to: number;
  /** The detector's name. */
  readonly rule: string;
  readonly class: Detector['class'];
}
