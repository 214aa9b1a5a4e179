import { renameSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Fault } from '../fault.js';

/** Somebody moves the data directory while it is in use, and back: meanwhile nothing is accepted, whether the process lives that long or not. */
export const directoryGone: Fault = {
  name: 'data directory gone',
  short: 1,
  async strike(world) {
    await world.backend.close();
    await world.acknowledged(1);
    const directory = dirname(dirname(world.store));
    renameSync(directory, `${directory}-moved`);
    await world.refused(world.random.between(1, 5));
    if (world.random.chance(0.5)) await world.backend.open();
    if (world.random.chance(0.5)) await world.kill();
    renameSync(`${directory}-moved`, directory);
    await world.backend.open();
    if (!world.collector.runs) await world.start();
    await world.acknowledged(1);
  },
};
