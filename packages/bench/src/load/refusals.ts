import { Pool } from 'undici';
import { logsRequest, logsShapes } from '../corpus/logs.js';
import type { Outcome, ProcessCase } from '../measure/case.js';
import { ServerProcess } from './server-process.js';

const bodies = [
  { name: '6 KB', body: logsRequest(logsShapes.logs5) },
  { name: '90 KB', body: logsRequest(logsShapes.logs100) },
];
const atLeast = 5;
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] as number;

/** CPU time per request of a pipeline that takes it to its backend, and of one whose byte budget is used up, in turns. */
export const refusals: ProcessCase = {
  name: 'refusals under overload',
  async measure({ quick, progress }) {
    const rounds = quick ? 1 : 15;
    const seconds = 0.4;
    const sink = await ServerProcess.start('sink');
    const args = ['http/protobuf', `http://127.0.0.1:${sink.port}`];
    // No request fits into a byte.
    const servers = await Promise.all([args, [...args, '1B']].map((each) => ServerProcess.start('pipeline', each)));
    const pools = servers.map(({ port }) => new Pool(`http://127.0.0.1:${port}`, { connections: 32, pipelining: 1 }));
    try {
      const rows: Record<string, string | number>[] = [];
      const targets: Outcome[] = [];
      for (const { name, body } of bodies) {
        const times: [number[], number[]] = [[], []];
        for (const [i, pool] of pools.entries()) await load(pool, body, quick ? 0.3 : 3, statuses[i] as number);
        for (let round = 0; round < rounds; round++) {
          progress(`${name}, round ${round + 1}/${rounds}`);
          for (const [i, server] of servers.entries()) {
            await server.usage();
            const requests = await load(pools[i] as Pool, body, seconds, statuses[i] as number);
            times[i]?.push((await server.usage()).cpuUs / requests);
          }
        }
        const [accepted, refused] = [median(times[0]), median(times[1])];
        const ratio = median(times[0].map((time, round) => time / (times[1][round] as number)));
        rows.push({ body: name, 'CPU µs accepted': accepted, 'CPU µs refused': refused, 'times cheaper': ratio });
        const what = `a refusal of ${name}: times cheaper than accepting it`;
        targets.push({ name: what, measured: ratio, target: atLeast, met: ratio >= atLeast });
      }
      return { rows, targets };
    } finally {
      await Promise.all(pools.map((pool) => pool.destroy()));
      for (const server of [...servers, sink]) server.end();
    }
  },
};

const statuses = [200, 429];

/** 32 connections, each sending the next request when the last was answered; answers how many were. */
async function load(pool: Pool, body: Buffer, seconds: number, status: number): Promise<number> {
  const end = performance.now() + seconds * 1000;
  let requests = 0;
  const headers = { 'content-type': 'application/x-protobuf' };
  const lane = async (): Promise<void> => {
    while (performance.now() < end) {
      const response = await pool.request({ method: 'POST', path: '/v1/logs', headers, body });
      await response.body.dump();
      if (response.statusCode !== status) throw new Error(`expected ${status}, got ${response.statusCode}`);
      requests++;
    }
  };
  await Promise.all(Array.from({ length: 32 }, lane));
  return requests;
}
