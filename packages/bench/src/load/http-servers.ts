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

/** CPU time per request of the whole receiver against a server that only collects the body, loaded in turns. */
export const httpServers: ProcessCase = {
  name: 'HTTP receiver',
  async measure({ quick, progress }) {
    // Short turns: the machine's speed drifts, and a ratio is only as good as its two turns are close.
    const rounds = quick ? 1 : 21;
    const seconds = 0.4;
    // After one second a server's time per request was still falling: the JIT is not done with it.
    const warmUpSeconds = quick ? 0.3 : 4;
    const running = await Promise.all(servers.map(({ script, args }) => ServerProcess.start(script, args)));
    const pools = running.map(({ port }) => new Pool(`http://127.0.0.1:${port}`, { connections: 32, pipelining: 1 }));
    try {
      const rows: Record<string, string | number>[] = [];
      const targets: Outcome[] = [];
      for (const { name, body, atLeast } of bodies) {
        if (LogsBatch.parse(body).count === 0) throw new Error('an empty request measures nothing');
        const times = servers.map(() => [] as number[]);
        for (const pool of pools) await load(pool, body, warmUpSeconds);
        for (let round = 0; round < rounds; round++) {
          for (let turn = 0; turn < servers.length; turn++) {
            const i = (turn + round) % servers.length;
            progress(`${name}, round ${round + 1}/${rounds}`);
            const server = running[i] as ServerProcess;
            await server.usage();
            await load(pools[i] as Pool, body, seconds);
            const { cpuUs, count } = await server.usage();
            times[i]?.push(cpuUs / count);
          }
        }
        const [bare] = times as [number[]];
        servers.forEach((server, i) => {
          const mine = times[i] as number[];
          const share = median(mine.map((time, round) => (bare[round] as number) / time));
          rows.push({
            body: name,
            server: server.name,
            'CPU µs per request': median(mine),
            'requests/s per core': Math.round(1e6 / median(mine)),
            'of bare': share,
          });
          if (i === 1)
            targets.push({
              name: `HTTP receiver, ${name}: share of bare node:http`,
              measured: share,
              target: atLeast,
              met: share >= atLeast,
            });
        });
      }
      return { rows, targets };
    } finally {
      await Promise.all(pools.map((pool) => pool.destroy()));
      for (const server of running) server.end();
    }
  },
};

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
