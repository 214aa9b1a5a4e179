import { setTimeout as wait } from 'node:timers/promises';
import type { Fault } from '../fault.js';

let generation = 0;

/** The pipeline file changes under load: queue and sockets go over to the new graph. */
export const reload: Fault = {
  name: 'reload under load',
  short: 2,
  flags: ['--watch'],
  async strike(world) {
    const reloaded = world.collector.says('"reloaded"');
    // A timeout that it never had: a file with the same content is not a change.
    const { random } = world;
    world.write({
      workers: random.between(1, 8),
      order: random.pick(['series', 'none'] as const),
      timeoutMs: 5_000 + ++generation,
    });
    await reloaded;
    await wait(random.between(0, 50));
  },
};
