import { setTimeout as wait } from 'node:timers/promises';
import type { Fault } from '../fault.js';

/** The process ends at any moment, as when memory runs out. */
export const kill: Fault = {
  name: 'SIGKILL',
  short: 6,
  async strike(world) {
    await wait(world.random.between(0, 60));
    await world.kill();
    await world.start();
  },
};
