import { type Processor, processor } from 'otelier';

/** The function form: called once per log record; `false` drops it. Runs in one traversal with its neighbours. */
export const dropBelow = (severity: number): Processor<'logs'> =>
  processor('drop-below', {
    logRecord: (record) => record.severityNumber >= severity,
  });
