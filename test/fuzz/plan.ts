import { Random } from './random.js';
import { targets } from './targets/targets.js';
import type { Task } from './worker.js';

/** A campaign of a target is cut into tasks of about this many inputs, each with a seed of its own. */
const perTask = 500_000;

/** The tasks of so many inputs over all targets, by their shares, or over one. */
export function plan(runs: number, seed: number, only?: string): Task[] {
  const chosen = [...targets].filter(([name]) => only === undefined || name === only);
  if (chosen.length === 0) throw new RangeError(`--only must be one of: ${[...targets.keys()].join(', ')}`);
  const shares = chosen.map(([, make]) => make().share);
  const whole = shares.reduce((sum, share) => sum + share, 0);
  const seeds = new Random(seed);
  return chosen.flatMap(([target], i) => {
    const own = Math.ceil((runs * (shares[i] as number)) / whole);
    const parts = Math.ceil(own / perTask);
    return Array.from({ length: parts }, () => ({
      target,
      runs: Math.ceil(own / parts),
      seed: seeds.bits(),
      guided: 0.02,
      deepEvery: 128,
    }));
  });
}
