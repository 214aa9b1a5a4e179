import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Fault } from '../fault.js';

/** Connections that say nothing take every descriptor that the process may have: who has one is served, and all are when they have gone. */
export const descriptors: Fault = {
  name: 'no descriptors left',
  short: 1,
  share: 0.2,
  async strike(world) {
    await world.kill();
    await world.collector.start({ descriptors: 80 });
    const idle = Array.from({ length: 120 }, () => silent(world.doors.http));
    // Whatever looks at the process now and then has looked.
    await wait(world.random.between(300, 900));
    for (const socket of idle) socket.destroy();
    await world.acknowledged(1);
    await world.arrived(1);
    await world.kill();
    await world.start();
  },
};

function silent(port: number): Socket {
  return connect(port, '127.0.0.1').on('error', () => {});
}
