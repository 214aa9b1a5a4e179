import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ProcessCase } from '../measure/case.js';

interface Collected {
  readonly msPerMillionRecords: number;
  readonly longestPauseMs: number;
  readonly recordsPerSecond: number;
  readonly rssMiB: number;
}

/** Sustained redaction with outputs kept for a while: what the garbage collector costs. */
export const garbage: ProcessCase = {
  name: 'garbage collection',
  async measure({ quick }) {
    const child = fileURLToPath(new URL('./sustained.js', import.meta.url));
    const run = async (variant: string): Promise<Collected> => {
      const running = fork(child, [variant, quick ? '500' : '4000'], {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
      const [collected] = await once(running, 'message');
      return collected as Collected;
    };
    const views = await run('views');
    const protobufjs = await run('protobufjs');
    const row = (variant: string, { msPerMillionRecords, longestPauseMs, recordsPerSecond, rssMiB }: Collected) => ({
      variant,
      'GC ms per million records': msPerMillionRecords,
      'longest pause ms': longestPauseMs,
      'records/s': Math.round(recordsPerSecond),
      'RSS MiB': Math.round(rssMiB),
    });
    return {
      rows: [row('views', views), row('protobufjs', protobufjs)],
      targets: [
        {
          name: 'GC ms per million records',
          measured: views.msPerMillionRecords,
          target: 60,
          atMost: true,
          met: views.msPerMillionRecords <= 60,
        },
        {
          name: 'longest GC pause, ms',
          measured: views.longestPauseMs,
          target: 10,
          atMost: true,
          met: views.longestPauseMs <= 10,
        },
      ],
    };
  },
};
