import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import type { Random } from '@otelier/testing';
import type { Fault } from '../fault.js';

/** Bytes of the store change while nobody uses it. What was in it may be gone, but not in silence, and the collector starts. */
export const damage: Fault = {
  name: 'store damaged',
  short: 2,
  share: 0.5,
  async strike(world) {
    // So that there is something in it.
    await world.backend.close();
    await world.acknowledged(world.random.between(1, 600));
    await world.kill();
    const way = world.random.pick(['bytes', 'bytes', 'keys', 'pages', 'pages', 'cut'] as const);
    const file = openSync(world.store, 'r+');
    try {
      ways[way](file, fstatSync(file).size, world.random);
    } finally {
      closeSync(file);
    }
    world.note(way);
    world.ledger.damages++;
    await world.backend.open();
    await world.start();
  },
};

const pageBytes = 4096;
const batchKey = 'logs/safe/queue\0q';

const ways: Readonly<Record<'bytes' | 'keys' | 'pages' | 'cut', (file: number, size: number, random: Random) => void>> =
  {
    /** Anywhere, a few times. */
    bytes(file, size, random) {
      for (let places = random.between(1, 8); places > 0; places--) {
        const bytes = foreign(random.pick([1, 8, 512]), random);
        writeSync(file, bytes, 0, bytes.length, random.between(0, Math.max(0, size - bytes.length)));
      }
    },
    /** What a batch is found by: it is there and nobody's, or somebody else's. */
    keys(file, size, random) {
      const all = Buffer.alloc(size);
      readSync(file, all, 0, size, 0);
      const places: number[] = [];
      for (let at = all.indexOf(batchKey); at >= 0; at = all.indexOf(batchKey, at + 1)) places.push(at);
      if (places.length === 0) return;
      for (let keys = random.between(1, 4); keys > 0; keys--) {
        const at = random.pick(places) + random.between(0, batchKey.length + 30);
        writeSync(file, Buffer.from([random.between(0, 255)]), 0, 1, at);
      }
    },
    /** Some that follow each other, or lie anywhere: lost writes leave zeros, or what was there before, or what belongs elsewhere. */
    pages(file, size, random) {
      const pages = Math.floor(size / pageBytes);
      if (pages === 0) return;
      const [row, first] = [random.chance(0.5), random.between(0, pages - 1)];
      for (let i = random.between(1, 16); i >= 0; i--) {
        const page = row ? first + i : random.between(0, pages - 1);
        if (page >= pages) continue;
        let bytes = foreign(pageBytes, random);
        if (random.chance(0.3)) {
          bytes = Buffer.alloc(pageBytes);
          readSync(file, bytes, 0, pageBytes, random.between(0, pages - 1) * pageBytes);
        }
        writeSync(file, bytes, 0, pageBytes, page * pageBytes);
      }
    },
    /** The end is missing: anywhere, or behind a page. */
    cut(file, size, random) {
      const end = random.between(0, size);
      ftruncateSync(file, random.chance(0.5) ? end : end - (end % pageBytes));
    },
  };

function foreign(length: number, random: Random): Buffer {
  const bytes = Buffer.alloc(length);
  if (random.chance(0.7)) for (let i = 0; i < length; i++) bytes[i] = random.between(0, 255);
  return bytes;
}
