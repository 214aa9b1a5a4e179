import type { FieldClass, Signal } from '@otelier/core';
import { type Random, random } from '@otelier/testing';
import type { Canary, CanaryClass, Kind } from './canaries/canary.js';
import { type Encoding, encoded } from './canaries/encodings.js';
import { identities } from './canaries/identities.js';
import { proses } from './canaries/prose.js';
import { secrets } from './canaries/secrets.js';

/** What a canary was planted in: the event, metric or span, or `resource` and `scope`. */
export interface Place {
  readonly signal: Signal;
  readonly item: string;
}

/** One canary in one field. */
export interface Planted extends Place {
  readonly field: string;
  readonly class: CanaryClass;
  readonly kind: string;
  readonly encoding: Encoding;
  /** For each piece the halves or spellings that have to be found. */
  readonly pieces: readonly string[];
  /** Whether it got through only if all of its pieces did: it was split. */
  readonly all: boolean;
}

/** What kind of field a canary is to stand in: a class, or a field that no catalogue has. */
export type Ground = FieldClass | 'unknown';

/** How a round of a session plants: every canary of one class, in one encoding. */
export interface Round {
  readonly class: CanaryClass;
  readonly encoding: Encoding;
}

const kindsOf: Readonly<Record<CanaryClass, readonly Kind[]>> = {
  secret: secrets,
  identity: identities,
  content: proses,
};

/** Makes canaries that are all different, and keeps the list of where they were planted. */
export class Planting {
  readonly planted: Planted[] = [];
  readonly random: Random;
  readonly #seen: Set<string> = new Set();
  readonly #turns: Record<CanaryClass, number>;

  constructor(seed: number) {
    this.random = random(seed);
    const begin = (): number => this.random.between(0, 1000);
    this.#turns = { secret: begin(), identity: begin(), content: begin() };
  }

  /**
   * Whether a canary of this round belongs there. Texts without a form of their own, and halves, can only be told by the field that they
   * stand in: they are planted where the field itself is content (or who it was), not into labels.
   */
  belongs({ class: own, encoding }: Round, ground: Ground): boolean {
    if (encoding === 'cut') return ground === 'content';
    if (encoding === 'split') return ground === 'content';
    if (own === 'content') return ground === 'content' || ground === 'unknown';
    return true;
  }

  /** A canary for one field, encoded as the round says. */
  plant(round: Round, ground: Ground, place: Place, field: string): string {
    return encoded(this.text(round, ground, place, field), round.encoding, this.random);
  }

  /** A canary for one field as it is; whoever asks encodes it. */
  text(round: Round, ground: Ground, place: Place, field: string): string {
    const { kind, canary } = this.#make(round, ground);
    this.#note(round, kind, place, field, canary.pieces, false);
    return canary.text;
  }

  /** A canary in two halves, for two fields or two elements. */
  halves(round: Round, place: Place, field: string): readonly [string, string] {
    for (;;) {
      const { kind, canary } = this.#make(round, 'content');
      const { cut } = canary;
      if (cut === undefined) continue;
      const [head, tail] = [canary.text.slice(0, cut), canary.text.slice(cut)];
      const first = canary.pieces.find((piece) => head.includes(piece));
      const second = canary.pieces.find((piece) => tail.includes(piece));
      if (first === undefined || second === undefined) continue;
      this.#note(round, kind, place, field, [first, second], true);
      return [head, tail];
    }
  }

  #make({ class: own }: Round, ground: Ground): { kind: Kind; canary: Canary } {
    const withForm = ground === 'label' || ground === 'unknown';
    const all = kindsOf[own];
    for (;;) {
      const kind = all[this.#turns[own]++ % all.length] as Kind;
      if (withForm && own === 'identity' && !kind.hasForm) continue;
      const canary = kind.make(this.random);
      if (canary.pieces.some((piece) => this.#seen.has(piece))) continue;
      for (const piece of canary.pieces) this.#seen.add(piece);
      return { kind, canary };
    }
  }

  #note(round: Round, kind: Kind, place: Place, field: string, pieces: readonly string[], all: boolean): void {
    const { signal, item } = place;
    this.planted.push({
      signal,
      item,
      field,
      class: round.class,
      kind: kind.name,
      encoding: round.encoding,
      pieces,
      all,
    });
  }
}
