import type { Fault } from '../fault.js';

/** The backend refuses for now, with and without the time to come back, in all the ways that HTTP has for it. */
export const busy: Fault = {
  name: '429 and 503',
  short: 4,
  moods(random) {
    if (random.chance(0.8)) return { does: 'take' };
    const date = new Date(Date.now() + random.between(-2000, 1500)).toUTCString();
    const time = random.pick([undefined, '0', '1', '0.05', date, 'soon']);
    const headers = time === undefined ? {} : { 'retry-after': time };
    return { does: 'refuse', status: random.pick([429, 503, 502, 504]), headers };
  },
  strike: (world) => world.acknowledged(world.random.between(50, 300)),
};
