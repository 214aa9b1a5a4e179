import { setTimeout as wait } from 'node:timers/promises';
import type { Fault } from '../fault.js';
import type { World } from '../world.js';

/** Parts of a life in which the process is killed, each at a random moment. What comes twice comes twice as often. */
const parts = ['start', 'start', 'first commit', 'load', 'load', 'drain'] as const;

/** The process ends at any moment, as when memory runs out: while it starts, with its first commit, under load, while it leaves. */
export const kill: Fault = {
  name: 'SIGKILL',
  short: 4,
  whole: true,
  // What arrived is remembered with the next commit, after some tens of milliseconds on a busy machine.
  forgetsMs: 1000,
  async strike(world) {
    const { random } = world;
    // Without a backend everything stays in the store: one of the next lives begins with what several have left.
    if (random.chance(0.3)) await world.backend.close();
    else await world.backend.open();
    // The first has something to lose, whatever is drawn for the rest.
    const part = world.notes.size === 0 ? 'load' : random.pick(parts);
    const started = world.start();
    // The death of a collector that nobody has killed is in `deaths`.
    if (part === 'start') started.catch(() => {});
    else await started;
    await moment[part](world);
    await world.kill();
    world.note(part);
  },
};

const moment: { readonly [P in (typeof parts)[number]]: (world: World) => Promise<unknown> } = {
  start: ({ random, startMs }) => wait(random.between(0, Math.ceil(startMs))),
  async 'first commit'(world) {
    if (world.random.chance(0.5)) await world.acknowledged(1);
    else await wait(world.random.between(0, 30));
  },
  async load(world) {
    await world.acknowledged(world.random.between(1, 150));
    await wait(world.random.between(0, 60));
  },
  async drain(world) {
    await world.acknowledged(world.random.between(1, 50));
    world.collector.ask();
    await wait(world.random.between(0, 60));
  },
};
