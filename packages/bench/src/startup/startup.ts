import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProcessCase } from '../measure/case.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('OTEL_')));
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] as number;

/** `otelier run` with the reference pipeline until both doors answer, against `node -e 0`. */
export const startup: ProcessCase = {
  name: 'start-up',
  async measure({ quick }) {
    const runs = quick ? 2 : 7;
    const empty: number[] = [];
    const ready: number[] = [];
    await collectorReady();
    for (let i = 0; i < runs; i++) {
      empty.push(await emptyProcess());
      ready.push(await collectorReady());
    }
    const ratio = median(ready.map((time, i) => time / (empty[i] as number)));
    return {
      rows: [
        { command: 'node -e 0', 'median ms': median(empty) },
        { command: 'otelier run, both doors answer', 'median ms': median(ready) },
      ],
      targets: [{ name: 'start-up against node -e 0', measured: ratio, target: 6, atMost: true, met: ratio <= 6 }],
    };
  },
};

async function emptyProcess(): Promise<number> {
  const start = performance.now();
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit');
  return performance.now() - start;
}

async function collectorReady(): Promise<number> {
  // As on a new machine: nothing to restore, and nobody else's data.
  const data = mkdtempSync(join(tmpdir(), 'otelier-start-'));
  const start = performance.now();
  const child = spawn(process.execPath, [`${root}packages/otelier/bin/otelier.js`, 'run'], {
    cwd: root,
    env: { ...env, OTELIER_DATA: data },
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  const gone = ended.then(() => {
    throw new Error('otelier run ended before it was ready: are ports 4317 and 4318 free?');
  });
  await Promise.race([Promise.all([answersHttp(4318), accepts(4317)]), gone]);
  const time = performance.now() - start;
  child.kill('SIGTERM');
  await ended;
  gone.catch(() => {});
  rmSync(data, { recursive: true });
  return time;
}

async function retried(attempt: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await attempt();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}

const accepts = (port: number): Promise<void> =>
  retried(async () => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect').finally(() => socket.destroy());
  });

/** An answer to a real, empty request; over a bare socket, so that the client costs next to nothing. */
const answersHttp = (port: number): Promise<void> =>
  retried(async () => {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      socket.write(
        'POST /v1/logs HTTP/1.1\r\nhost: otelier\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n',
      );
      await once(socket, 'data');
    } finally {
      socket.destroy();
    }
  });
