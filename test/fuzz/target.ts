import type { Random } from './random.js';

/** What became of one input. */
export type Verdict = 'taken' | 'refused';

/** One thing that is fed with whatever may come. */
export interface Target {
  readonly name: string;
  /** Its part of all inputs of a campaign; the parts need not add up to anything. */
  readonly share: number;
  /** What mutation starts from: recorded and generated inputs. */
  seeds(random: Random): Buffer[];
  /** Makes one input of one or two of the corpus; must not write to either. */
  mutate(input: Buffer, other: Buffer, random: Random): Buffer;
  /**
   * Feeds one input. `isDeep`: also compares everything that can be read, which costs several times the input itself.
   *
   * @throws whatever is a bug: a wrong meaning, a refusal without a proper error, a broken promise.
   */
  run(input: Buffer, isDeep: boolean): Verdict | Promise<Verdict>;
}

/** A promise that an input broke. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

/** @throws {Broken} */
export function expectTrue(holds: boolean, promise: string): asserts holds {
  if (!holds) throw new Broken(promise);
}
