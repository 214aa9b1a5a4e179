import type { Fault } from '../fault.js';

const timeoutMs = 400;

/** The backend takes its time, often more than the exporter has: it has stored what nobody has heard of. */
export const slow: Fault = {
  name: 'backend slow',
  short: 4,
  file: { timeoutMs },
  moods: (random) => ({ does: 'take', afterMs: random.chance(0.1) ? 3 * timeoutMs : random.between(0, 60) }),
  strike: (world) => world.acknowledged(world.random.between(100, 400)),
};
