import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import { logsRequest, logsShapes } from '../corpus/logs.js';
import type { ProcessCase } from '../measure/case.js';

const child = fileURLToPath(new URL('./child.js', import.meta.url));
const senders = 64;
const records = 100;
const body = logsRequest(logsShapes.logs100);

/** What one slot measured, from the first request until the backend has all. */
interface Slot {
  readonly recordsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What it costs that a queue is on disk: collectors that take and send batches of 100 records over HTTP, the two ways in turns. */
export const durableQueue: ProcessCase = {
  name: 'queue',
  async measure({ quick, progress }) {
    const folder = mkdtempSync(join(tmpdir(), 'otelier-bench-'));
    const sink = await startSink();
    const ways = [
      { way: 'memory', args: [sink.url] },
      { way: 'disk', args: [sink.url, folder] },
    ];
    const children = ways.map(({ args }) => fork(child, args));
    const slots: Slot[][] = ways.map(() => []);
    try {
      const pools = await Promise.all(
        children.map(
          async (each) => new Pool(((await once(each, 'message')) as [string])[0], { connections: senders }),
        ),
      );
      for (let round = -1; round < (quick ? 2 : 9); round++) {
        for (const [i, pool] of pools.entries()) {
          progress(`${ways[i]?.way} ${round + 1}`);
          const slot = await load(pool, sink, quick ? 300 : 1000);
          if (round >= 0) slots[i]?.push(slot);
        }
      }
      await Promise.all(pools.map((pool) => pool.close()));
    } finally {
      for (const each of children) each.kill();
      sink.close();
      rmSync(folder, { recursive: true, force: true });
    }
    const rows = ways.map(({ way }, i) => ({
      queue: way,
      'records/s': Math.round(median(slots[i]!.map(({ recordsPerSecond }) => recordsPerSecond))),
      'MB/s': Math.round(
        (median(slots[i]!.map(({ recordsPerSecond }) => recordsPerSecond)) * body.length) / records / 1e6,
      ),
      'answer ms p50': median(slots[i]!.map(({ p50Ms }) => p50Ms)),
      p99: median(slots[i]!.map(({ p99Ms }) => p99Ms)),
      'answered when it is':
        way === 'disk' ? 'synced: group commit, one fsync at a time for all that has arrived' : 'in memory: no fsync',
    }));
    const [memory, disk] = slots as [Slot[], Slot[]];
    const measured = median(disk.map(({ recordsPerSecond }, i) => recordsPerSecond / memory[i]!.recordsPerSecond));
    const name = 'records/s with the queue on disk by those with it in memory';
    return { rows, targets: [{ name, measured, target: 0.5, met: measured >= 0.5 }] };
  },
};

interface Sink {
  readonly url: string;
  /** Requests so far. */
  readonly count: number;
  close(): void;
}

async function startSink(): Promise<Sink> {
  let count = 0;
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      count++;
      response.writeHead(200, { 'content-type': 'application/x-protobuf', 'content-length': 0 }).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get count() {
      return count;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** As many requests as get through in so many milliseconds, and the time until the backend has them. */
async function load(pool: Pool, sink: Sink, ms: number): Promise<Slot> {
  const answers: number[] = [];
  const [began, before] = [performance.now(), sink.count];
  const send = async (): Promise<void> => {
    while (performance.now() - began < ms) {
      const at = performance.now();
      const headers = { 'content-type': 'application/x-protobuf' };
      const { statusCode, body: answer } = await pool.request({ method: 'POST', path: '/v1/logs', headers, body });
      await answer.dump();
      // A queue that is full says so, and to come back: what it holds goes on.
      if (statusCode === 200) answers.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: senders }, send));
  while (sink.count - before < answers.length) await new Promise((resolve) => setTimeout(resolve, 1));
  const seconds = (performance.now() - began) / 1000;
  answers.sort((a, b) => a - b);
  const at = (share: number): number => answers[Math.floor(answers.length * share)] ?? 0;
  return { recordsPerSecond: (answers.length * records) / seconds, p50Ms: at(0.5), p99Ms: at(0.99) };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number;
}
