import { setTimeout as wait } from 'node:timers/promises';
import type { Fault } from '../fault.js';

/** The backend goes and comes faster than anybody can adapt to. */
export const flapping: Fault = {
  name: 'backend flaps',
  short: 2,
  share: 0.5,
  async strike(world) {
    for (let times = world.random.between(3, 12); times > 0; times--) {
      await world.backend.close();
      await wait(world.random.between(0, 40));
      await world.backend.open();
      await wait(world.random.between(0, 80));
    }
  },
};
