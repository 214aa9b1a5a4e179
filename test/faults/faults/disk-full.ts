import { statSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { Fault } from '../fault.js';

/** The disk takes no more while the backend is away: nothing is accepted that cannot be kept. */
export const diskFull: Fault = {
  name: 'disk full',
  short: 2,
  share: 0.1,
  async strike(world) {
    await world.kill();
    await world.backend.close();
    // Blocks of 512 bytes in some shells, of 1024 in others; the store begins with a few pages.
    const { size } = statSync(world.store);
    await world.collector.start({ fileBlocks: Math.ceil(size / 512) + world.random.between(16, 200) });
    await Promise.race([world.collector.says('does not take writes'), wait(20_000)]);
    await wait(world.random.between(0, 300));
    await world.backend.open();
    if (world.random.chance(0.5)) await world.arrived(1);
    await world.kill();
    await world.start();
  },
};
