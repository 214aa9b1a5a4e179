import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Fault } from '../fault.js';

const jumping = fileURLToPath(new URL('../jumping-clock.mjs', import.meta.url));
const hourMs = 3_600_000;

/** The clock of the collector's machine jumps by minutes, hours and days, both ways. */
export const clock: Fault = {
  name: 'clock jumps',
  short: 3,
  nodeOptions: `--import=${jumping}`,
  async strike(world) {
    const { random } = world;
    if (random.chance(0.3)) await world.backend.close();
    const jump = random.pick([-72 * hourMs, -hourMs, -5_000, 0, 5_000, hourMs, 72 * hourMs]);
    writeFileSync(join(world.folder, 'clock'), String(jump + random.between(-999, 999)));
    await wait(random.between(30, 80));
    await world.backend.open();
    await world.arrived(1);
  },
};
