import { setTimeout as wait } from 'node:timers/promises';
import type { Fault } from '../fault.js';

/** The collector's certificate changes while clients send: connections go on, new ones get the new one. */
export const rotation: Fault = {
  name: 'certificate rotation',
  short: 2,
  tls: true,
  async strike(world) {
    const { certificates, doors, senders, random } = world;
    const name = await certificates!.rotate();
    for (const port of [doors.http, doors.grpc]) while ((await certificates!.served(port)) !== name) await wait(5);
    // Those who leave come back to the new one; the others stay on connections of the old one.
    senders.disconnect(random);
  },
};
