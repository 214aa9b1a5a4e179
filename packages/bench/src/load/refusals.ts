import { logsRequest, logsShapes } from '../corpus/logs.js';
import type { Outcome, ProcessCase, ProcessResult } from '../measure/case.js';
import { type Client, grpcClient, httpClient } from './refusal-clients.js';
import { ServerProcess } from './server-process.js';

const bodies = [
  { name: '6 KB', body: logsRequest(logsShapes.logs5) },
  { name: '90 KB', body: logsRequest(logsShapes.logs100) },
];
const doors = [
  { door: 'HTTP', protocol: 'http/protobuf', client: httpClient, statuses: [200, 429] },
  { door: 'gRPC', protocol: 'grpc', client: grpcClient, statuses: [0, 8] },
] as const;
const atLeast = 5;
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] as number;

type Options = Parameters<ProcessCase['measure']>[0];
type Row = ProcessResult['rows'][number];

/** CPU time per request of a pipeline that takes it to its backend, and of one whose byte budget is used up, in turns. */
export const refusals: ProcessCase = {
  name: 'refusals under overload',
  async measure(options) {
    const rows: Row[] = [];
    const targets: Outcome[] = [];
    for (const door of doors) await measureDoor(door, options, rows, targets);
    return { rows, targets };
  },
};

async function measureDoor(
  { door, protocol, client, statuses }: (typeof doors)[number],
  { quick, progress }: Options,
  rows: Row[],
  targets: Outcome[],
): Promise<void> {
  const rounds = quick ? 1 : 15;
  const sink = await ServerProcess.start('sink');
  const args = [protocol, `http://127.0.0.1:${sink.port}`];
  // No request fits into a byte.
  const servers = await Promise.all([args, [...args, '1B']].map((each) => ServerProcess.start('pipeline', each)));
  const clients = servers.map(({ port }) => client(port));
  try {
    for (const { name, body } of bodies) {
      const times: [number[], number[]] = [[], []];
      const run = (i: number, seconds: number): Promise<number> =>
        load(clients[i] as Client, body, seconds, statuses[i] as number);
      for (const i of servers.keys()) await run(i, quick ? 0.3 : 3);
      for (let round = 0; round < rounds; round++) {
        progress(`${door}, ${name}, round ${round + 1}/${rounds}`);
        for (const [i, server] of servers.entries()) {
          await server.usage();
          const requests = await run(i, 0.4);
          times[i]?.push((await server.usage()).cpuUs / requests);
        }
      }
      const [accepted, refused] = [median(times[0]), median(times[1])];
      const ratio = median(times[0].map((time, round) => time / (times[1][round] as number)));
      rows.push({ door, body: name, 'CPU µs accepted': accepted, 'CPU µs refused': refused, 'times cheaper': ratio });
      const what = `a refusal of ${name} over ${door}: times cheaper than accepting it`;
      targets.push({ name: what, measured: ratio, target: atLeast, met: ratio >= atLeast });
    }
  } finally {
    await Promise.all(clients.map((each) => each.close()));
    for (const server of [...servers, sink]) server.end();
  }
}

/** 32 senders, each sending the next request when the last was answered; answers how many were. */
async function load(client: Client, body: Buffer, seconds: number, expected: number): Promise<number> {
  const end = performance.now() + seconds * 1000;
  let requests = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < end) {
      const status = await client.send(body);
      if (status !== expected) throw new Error(`expected ${expected}, got ${status}`);
      requests++;
    }
  };
  await Promise.all(Array.from({ length: 32 }, lane));
  return requests;
}
