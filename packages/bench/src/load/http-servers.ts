import { LogsBatch } from '@otelier/otlp';
import { Pool } from 'undici';
import { logsRequest, logsShapes } from '../corpus/logs.js';
import type { Outcome, ProcessCase } from '../measure/case.js';
import { ServerProcess } from './server-process.js';

const servers = [
  { name: 'bare node:http', script: 'bare-http', args: [] as string[] },
  { name: 'receiver + validation + redact', script: 'otelier-http', args: ['redact'] },
  { name: 'receiver + validateResource + redactPrompts', script: 'otelier-http', args: ['reference'] },
];
const bodies = [
  { name: '6 KB', body: logsRequest(logsShapes.logs5), atLeast: 0.8 },
  { name: '90 KB', body: logsRequest(logsShapes.logs100), atLeast: 0.55 },
];
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] as number;

/** How long and how often is measured. */
interface Pace {
  /** Times that every server gets a new process: one process is faster than the next by the luck of its memory. */
  readonly generations: number;
  readonly rounds: number;
  readonly warmUpSeconds: number;
}
// After one second a server's time per request was still falling: the JIT is not done with it.
const full: Pace = { generations: 3, rounds: 9, warmUpSeconds: 3 };
const quickly: Pace = { generations: 1, rounds: 1, warmUpSeconds: 0.3 };
// Short turns: the machine's speed drifts, and a ratio is only as good as its two turns are close.
const turnSeconds = 0.4;

/** CPU time per request of the whole receiver against a server that only collects the body, loaded in turns. */
export const httpServers: ProcessCase = {
  name: 'HTTP receiver',
  async measure({ quick, progress }) {
    const pace = quick ? quickly : full;
    // By body, by server, by round.
    const times = bodies.map(() => servers.map(() => [] as number[]));
    for (let generation = 1; generation <= pace.generations; generation++)
      await measure(times, pace, (line) => progress(`processes ${generation}/${pace.generations}, ${line}`));
    const rows: Record<string, string | number>[] = [];
    const targets: Outcome[] = [];
    bodies.forEach(({ name, atLeast }, b) => {
      const [bare] = times[b] as [number[]];
      servers.forEach((server, i) => {
        const mine = times[b]![i]!;
        const share = median(mine.map((time, round) => bare[round]! / time));
        rows.push({
          body: name,
          server: server.name,
          'CPU µs per request': median(mine),
          'requests/s per core': Math.round(1e6 / median(mine)),
          'of bare': share,
        });
        if (i !== 1) return;
        const target = `HTTP receiver, ${name}: share of bare node:http`;
        targets.push({ name: target, measured: share, target: atLeast, met: share >= atLeast });
      });
    });
    return { rows, targets };
  },
};

/** One generation of processes: a time per request for each body, server and round, added to `times`. */
async function measure(times: number[][][], pace: Pace, progress: (line: string) => void): Promise<void> {
  const running = await Promise.all(servers.map(({ script, args }) => ServerProcess.start(script, args)));
  const pools = running.map(({ port }) => new Pool(`http://127.0.0.1:${port}`, { connections: 32, pipelining: 1 }));
  try {
    for (const [b, { name, body }] of bodies.entries()) {
      if (LogsBatch.parse(body).count === 0) throw new Error('an empty request measures nothing');
      for (const pool of pools) await load(pool, body, pace.warmUpSeconds);
      for (let round = 0; round < pace.rounds; round++) {
        progress(`${name}, round ${round + 1}/${pace.rounds}`);
        for (let turn = 0; turn < servers.length; turn++) {
          const i = (turn + round) % servers.length;
          const server = running[i]!;
          await server.usage();
          await load(pools[i]!, body, turnSeconds);
          const { cpuUs, count } = await server.usage();
          times[b]![i]!.push(cpuUs / count);
        }
      }
    }
  } finally {
    await Promise.all(pools.map((pool) => pool.destroy()));
    for (const server of running) server.end();
  }
}

/** 32 connections, each sending the next request when the last was answered. */
async function load(pool: Pool, body: Buffer, seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000;
  const lane = async (): Promise<void> => {
    while (performance.now() < end) {
      const response = await pool.request({
        method: 'POST',
        path: '/v1/logs',
        headers: { 'content-type': 'application/x-protobuf' },
        body,
      });
      await response.body.dump();
      if (response.statusCode !== 200) throw new Error(`expected 200, got ${response.statusCode}`);
    }
  };
  await Promise.all(Array.from({ length: 32 }, lane));
}
