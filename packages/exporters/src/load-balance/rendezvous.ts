import { mix, textHash } from './hash.js';

/**
 * Rendezvous hashing (highest random weight): every target has a weight of its own for every key, and the highest wins.
 *
 * A new target takes from all others what it wins, about its fair share; nothing else moves. Without a target its keys go to all others.
 */
export class Rendezvous {
  declare private readonly seeds: Int32Array;

  constructor(names: readonly string[]) {
    this.seeds = Int32Array.from(names, (name) => mix(textHash(name)));
  }

  /** The index of the target of a key among those that are not excluded; -1 when all are. */
  pick(key: number, excluded: Uint8Array): number {
    const { seeds } = this;
    let best = -1;
    let weight = -1;
    for (let i = 0; i < seeds.length; i++) {
      if (excluded[i] === 1) continue;
      const its = mix(key ^ (seeds[i] as number));
      if (its > weight) {
        weight = its;
        best = i;
      }
    }
    return best;
  }
}
