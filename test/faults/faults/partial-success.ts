import type { Fault } from '../fault.js';

/** The backend takes some records, leaves out others and says how many: nothing is sent again, since it does not say which. */
export const partialSuccess: Fault = {
  name: 'partial_success',
  short: 4,
  moods(random) {
    if (random.chance(0.5)) return { does: 'take' };
    return { does: 'leave out', share: random.pick([0, 0.1, 0.5, 1]) };
  },
  strike: (world) => world.acknowledged(world.random.between(50, 300)),
};
