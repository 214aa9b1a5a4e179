import type { AnyBatch, Host, Stage } from '@otelier/core';
import { closeAll } from '../several.js';
import { DeadLetter } from './dead-letter.js';
import { Delivery, type RetryPolicy } from './delivery.js';
import { Sleepers } from './sleepers.js';

/** The running form of `retry()`, around the running forms of what it wraps and of its dead letter. */
export function retryStage<B extends AnyBatch>(
  inner: Stage<B>,
  letters: Stage<B> | undefined,
  host: Host,
  policy: RetryPolicy,
): Stage<B> {
  const sleepers = new Sleepers(host.clock);
  const deadLetter = letters && new DeadLetter(letters, host);
  const tools = { inner, deadLetter, host, policy, sleepers };
  const stages = letters === undefined ? [inner] : [inner, letters];
  return {
    consume: (batch, flow) => new Delivery(batch, flow, tools).run(),
    async start() {
      for (const stage of stages) await stage.start?.();
    },
    async flush() {
      sleepers.wake();
      for (const stage of stages) await stage.flush?.();
    },
    async close() {
      sleepers.close();
      await closeAll(stages);
    },
  };
}
