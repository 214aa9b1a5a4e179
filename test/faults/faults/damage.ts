import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import type { Random } from '@otelier/testing';
import type { Fault } from '../fault.js';

/** Bytes of the store change while nobody uses it. What was in it may be gone, but not in silence, and the collector starts. */
export const damage: Fault = {
  name: 'store damaged',
  short: 3,
  share: 0.5,
  async strike(world) {
    // So that there is something in it.
    await world.backend.close();
    await world.acknowledged(world.random.between(1, 600));
    await world.kill();
    spoil(world.store, world.random);
    world.ledger.damages++;
    await world.backend.open();
    await world.start();
  },
};

function spoil(path: string, random: Random): void {
  const file = openSync(path, 'r+');
  try {
    const { size } = fstatSync(file);
    if (random.chance(0.15)) {
      ftruncateSync(file, random.between(0, size));
      return;
    }
    for (let places = random.between(1, 8); places > 0; places--) {
      const bytes = Buffer.alloc(random.pick([1, 8, 512, 4096]));
      if (random.chance(0.7)) for (let i = 0; i < bytes.length; i++) bytes[i] = random.between(0, 255);
      writeSync(file, bytes, 0, bytes.length, random.between(0, Math.max(0, size - bytes.length)));
    }
  } finally {
    closeSync(file);
  }
}
