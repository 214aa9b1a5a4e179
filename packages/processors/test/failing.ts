import { PipelineError, type Processor, type Stateful, stage } from '@otelier/core';

const stateless: Stateful = { restore() {}, save() {}, undo() {}, snapshot() {} };

/** A stage at the end of a section that fails when told to: what came before it in the section is undone. */
export function failing(when: () => boolean): Processor<'metrics'> {
  return stage(
    'failing',
    {
      metrics: (next) => ({
        state: stateless,
        consume(batch, flow) {
          if (when()) throw new PipelineError('unavailable', 'the stage was told to fail');
          return next(batch, flow);
        },
      }),
    },
    { stateful: true },
  );
}
