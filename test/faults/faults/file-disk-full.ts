import { existsSync, statSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { Fault } from '../fault.js';

/** The disk takes no more in the middle of a line of the file exporter: what stays is whole lines, and senders hear of it. */
export const fileDiskFull: Fault = {
  name: 'disk full (file)',
  short: 1,
  share: 0.2,
  file: { exporter: 'file' },
  async strike(world) {
    const { random } = world;
    await world.kill();
    const size = existsSync(world.lines) ? statSync(world.lines).size : 0;
    // Blocks of 512 bytes in some shells, of 1024 in others.
    await world.start({ ...world.started, fileBlocks: Math.ceil(size / 512) + random.between(16, 200) });
    await world.refused(random.between(1, 20));
    await wait(random.between(0, 100));
    if (random.chance(0.5)) await world.kill();
    else await world.collector.stop();
    await world.start({});
  },
};
