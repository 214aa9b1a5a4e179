import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Fault } from '../fault.js';

/** Senders leave in the middle of requests, and strangers in the middle of a body. */
export const disconnects: Fault = {
  name: 'client disconnects',
  short: 8,
  async strike(world) {
    await wait(world.random.between(0, 20));
    world.senders.disconnect(world.random);
    const socket = connect(world.doors.http, '127.0.0.1');
    // What the collector makes of it is its own affair.
    socket.on('error', () => {});
    const length = world.random.between(1, 1_000_000);
    const head = `POST /v1/logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: ${length}\r\n\r\n`;
    const part = Buffer.concat([Buffer.from(head), Buffer.alloc(world.random.between(0, length - 1), 0x0a)]);
    const sent = new Promise<void>((resolve) =>
      socket.write(part.subarray(0, world.random.between(1, part.length)), () => resolve()),
    );
    await Promise.race([sent, wait(50)]);
    if (world.random.chance(0.5)) socket.destroy();
    else socket.resetAndDestroy();
  },
};
