import { type Processor, stage } from 'otelier';

/** The stage form, with full control of what follows: a large batch leaves in parts, and is acknowledged when all have arrived. */
export const splitLarge = (maxCount: number): Processor<'logs' | 'metrics'> =>
  stage('split-large', {
    logs: (next) => ({
      consume: async (batch, flow) => {
        await Promise.all(batch.split({ maxCount }).map((part) => next(part, flow)));
      },
    }),
    metrics: (next) => ({
      consume: async (batch, flow) => {
        await Promise.all(batch.split({ maxCount }).map((part) => next(part, flow)));
      },
    }),
  });
