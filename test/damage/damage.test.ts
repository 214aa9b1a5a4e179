import { random } from '@otelier/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspect } from '../../packages/core/src/store/data-file.js';
import { attacks } from './attacks.js';
import { type Image, imageOf } from './lmdb-image.js';
import { problemsOf } from './verdict.js';
import { World } from './world.js';

const runs = Number(process.env.OTELIER_FUZZ_RUNS ?? 1);
let before: World;
let image: Image;
/** Of the same file, some commits ago. */
let older: Buffer;
/** Whether a store that is moved aside as a whole was tried: all go the same way. */
let hasBeenAside = false;

beforeAll(async () => {
  before = new World();
  await before.run(2);
  before.down = true;
  // As a crash leaves it: with a backlog, and with what a drain would have sent.
  await before.run(6, async () => {
    older = before.read();
  });
  await before.run(6, async () => {
    image = imageOf(before.read());
  });
});
afterAll(() => before.remove());

test.for(Object.keys(attacks))(
  'a collector whose store was damaged (%s) starts, delivers what is there, tells what is not, and is well again',
  async (name) => {
    for (let run = 1; run <= runs; run++) {
      const world = new World(before);
      try {
        const file = Buffer.from(image.file);
        attacks[name]!(file, image, random(run), older);
        world.put(file);
        const isFound = inspect(world.file).damage !== undefined;
        if (isFound && hasBeenAside) continue;
        hasBeenAside ||= isFound;
        expect(await problemsOf(world), `run ${run}`).toEqual([]);
      } finally {
        world.remove();
      }
    }
  },
);
