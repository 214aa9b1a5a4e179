import type { Fault } from '../fault.js';

/** The backend goes away with everything that is on its connections, and comes back. */
export const backendDown: Fault = {
  name: 'backend down',
  short: 1,
  share: 0.2,
  async strike(world) {
    await world.backend.close();
    await world.acknowledged(world.random.between(1, 600));
    await world.backend.open();
    // As long as the queue rests: what is accepted meanwhile is on disk.
    await world.arrived(1);
  },
};
