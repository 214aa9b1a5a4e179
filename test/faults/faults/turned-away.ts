import type { Fault } from '../fault.js';

/** The backend does not know who sends, or what for: a token has expired, a proxy has no route. It is put right a moment later. */
export const turnedAway: Fault = {
  name: '401, 403, 404',
  short: 1,
  share: 0.5,
  moods(random) {
    if (random.chance(0.9)) return { does: 'take' };
    return { does: 'refuse', status: random.pick([401, 403, 404, 405, 302]), headers: {} };
  },
  strike: (world) => world.acknowledged(world.random.between(50, 300)),
};
