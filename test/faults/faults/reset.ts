import type { Fault } from '../fault.js';

/** The connection ends in the middle of a request, between request and answer, or in the middle of the answer. */
export const reset: Fault = {
  name: 'connection reset',
  short: 4,
  moods(random) {
    if (random.chance(0.8)) return { does: 'take' };
    return { does: 'reset', when: random.pick(['body', 'stored', 'answer'] as const) };
  },
  strike: (world) => world.acknowledged(world.random.between(50, 300)),
};
