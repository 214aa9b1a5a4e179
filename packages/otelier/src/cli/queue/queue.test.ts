import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createCollector, exporter, PipelineError } from '@otelier/core';
import { queue } from '@otelier/exporters';
import { buildLogs, LogsBatch } from '@otelier/otlp';
import { memoryReceiver } from '@otelier/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { build, finish, type Workspace, workspace } from '../../../test/cli-process.js';

beforeAll(build, 120_000);

let at: Workspace;
const closers: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  at = workspace();
  at.write(
    'pipeline.config.ts',
    `import { definePipelines, otlpExporter, otlpReceiver, queue } from 'otelier';
export default definePipelines({
  dataDir: './data',
  logs: {
    events: {
      receivers: [otlpReceiver({ http: '127.0.0.1:0' })],
      exporters: [queue(otlpExporter({ endpoint: 'http://127.0.0.1:9' })), queue(otlpExporter({ endpoint: 'http://127.0.0.1:9' }), { dir: './own' })],
    },
  },
});
`,
  );
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  at.remove();
});

const batch = (i: number) =>
  buildLogs([{ resource: { attributes: {} }, records: [{ timeUnixNano: 1n, body: `r${i}` }] }]);

/** Fills both queues of the pipeline file with so many batches, and leaves them there. */
async function fill(batches: number) {
  const down = exporter('otlp', {
    logs: async () => {
      throw new PipelineError('unavailable', 'down');
    },
  });
  const receiver = memoryReceiver();
  const exporters = [queue(down), queue(down, { dir: join(at.folder, 'own') })];
  const collector = createCollector(
    { dataDir: join(at.folder, 'data'), logs: { events: { receivers: [receiver], exporters } } },
    { logger: { debug() {}, info() {}, warn() {}, error() {} } },
  );
  await collector.start();
  for (let i = 0; i < batches; i++) await receiver.send(batch(i));
  return collector;
}

async function otlpServer(answer: (call: number) => number) {
  const seen: string[] = [];
  let calls = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const status = answer(calls++);
      if (status === 200)
        for (const record of LogsBatch.parse(Buffer.concat(chunks)).records()) seen.push(record.body as string);
      response.writeHead(status, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => new Promise((resolve) => server.close(resolve)));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const env = { OTEL_EXPORTER_OTLP_COMPRESSION: 'none' };
const inspected = async () => {
  const { stdout } = await finish(['queue', 'inspect', '--json'], at);
  return (JSON.parse(stdout) as { queues: { id: string; batches: number }[] }).queues.map(({ id, batches }) => [
    id,
    batches,
  ]);
};

describe('otelier queue', () => {
  test('inspect lists the queues of every directory of the file, also while a collector runs', async () => {
    const collector = await fill(3);
    expect(await inspected()).toEqual([
      ['logs/events/queue', 3],
      ['logs/events/queue#2', 3],
    ]);
    await collector.shutdown({ deadline: '0s' });
    const { stdout } = await finish(['queue', 'inspect', '--dir', 'own'], at);
    expect(stdout).toMatch(
      /^ {2}queue +batches +items +bytes +oldest +damaged +to\n {2}logs\/events\/queue#2 +3 +3 +\d+ +\d+s +0 +otlp\n$/,
    );
  });

  test('says so when there is nothing', async () => {
    expect(await finish(['queue', 'inspect'], at)).toMatchObject({
      code: 0,
      stdout: 'no queue has anything on disk yet\n',
    });
  });

  test('export writes batches as OTLP and removes nothing', async () => {
    await (await fill(3)).shutdown({ deadline: '0s' });
    const json = await finish(['queue', 'export', '--out', 'out', '--queue', 'logs/events/queue'], at);
    expect(json).toMatchObject({
      code: 0,
      stdout: 'logs/events/queue: 3 batches, 3 items -> out/logs-events-queue.jsonl\n',
    });
    const lines = readFileSync(join(at.folder, 'out/logs-events-queue.jsonl'), 'utf8').trimEnd().split('\n');
    expect(lines).toEqual([0, 1, 2].map((i) => batch(i).toJson()));
    await finish(['queue', 'export', '--out', 'out', '--format', 'pb', '--dir', 'own'], at);
    const framed = readFileSync(join(at.folder, 'out/logs-events-queue#2.pb'));
    const first = batch(0).bytes();
    expect(framed.readUInt32BE(0)).toBe(first.length);
    expect(framed.subarray(4, 4 + first.length)).toEqual(first);
    expect(await inspected()).toEqual([
      ['logs/events/queue', 3],
      ['logs/events/queue#2', 3],
    ]);
  });

  test('replay sends, and removes what was accepted', async () => {
    await (await fill(3)).shutdown({ deadline: '0s' });
    const server = await otlpServer((call) => (call === 1 ? 400 : 200));
    const kept = await finish(
      ['queue', 'replay', '--endpoint', server.url, '--keep', '--queue', 'logs/events/queue#2'],
      at,
      env,
    );
    expect(kept).toMatchObject({
      code: 1,
      stdout: 'logs/events/queue#2: 2 batches accepted, all kept; 1 batches refused or damaged, which stay\n',
    });
    const { code, stdout } = await finish(['queue', 'replay', '--endpoint', server.url], at, env);
    expect(stdout).toBe(
      'logs/events/queue: 3 batches accepted and removed\nlogs/events/queue#2: 3 batches accepted and removed\n',
    );
    expect(code).toBe(0);
    expect(server.seen).toEqual(['r0', 'r2', 'r0', 'r1', 'r2', 'r0', 'r1', 'r2']);
    expect(await inspected()).toEqual([
      ['logs/events/queue', 0],
      ['logs/events/queue#2', 0],
    ]);
  });

  test('--from reads what is left of a damaged store that was moved aside, and writes nothing there', async () => {
    await (await fill(3)).shutdown({ deadline: '0s' });
    const aside = join(at.folder, 'data', 'state.damaged-today');
    renameSync(join(at.folder, 'data', 'state'), aside);
    const path = join(aside, 'data.mdb');
    const bytes = readFileSync(path);
    // Neither head of the store is left.
    bytes.fill(0xff, 0, 8192);
    writeFileSync(path, bytes);
    const from = ['--from', 'data/state.damaged-today'];
    const { queues } = JSON.parse((await finish(['queue', 'inspect', '--json', ...from], at)).stdout);
    expect(queues).toMatchObject([{ id: 'logs/events/queue', signal: 'logs', batches: 3, items: 3 }]);
    expect(await finish(['queue', 'export', '--out', 'out', ...from], at)).toMatchObject({
      code: 0,
      stdout: 'logs/events/queue: 3 batches, 3 items -> out/logs-events-queue.jsonl\n',
    });
    const server = await otlpServer(() => 200);
    const replayed = await finish(['queue', 'replay', '--endpoint', server.url, ...from], at, env);
    expect(replayed).toMatchObject({ code: 0, stdout: 'logs/events/queue: 3 batches accepted, all kept\n' });
    expect(server.seen).toEqual(['r0', 'r1', 'r2']);
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(readdirSync(aside).sort()).toEqual(['data.mdb', 'lock.mdb']);
    const nothing = await finish(['queue', 'export', '--out', 'out', '--from', 'nowhere'], at);
    expect(nothing).toMatchObject({ code: 2, stderr: expect.stringContaining('expected a directory with a data.mdb') });
  });

  test('a damaged store that no start has moved aside yet is looked into, not opened: LMDB would end the process', async () => {
    await (await fill(3)).shutdown({ deadline: '0s' });
    const path = join(at.folder, 'own', 'state', 'data.mdb');
    const bytes = readFileSync(path);
    bytes.fill(0xff, 0, 8192);
    writeFileSync(path, bytes);
    const own = ['--dir', 'own'];
    const seen = await finish(['queue', 'inspect', '--json', ...own], at);
    expect(JSON.parse(seen.stdout).queues).toMatchObject([{ id: 'logs/events/queue#2', batches: 3 }]);
    expect(seen).toMatchObject({ code: 0, stderr: expect.stringContaining('own: its store is damaged') });
    for (const command of [
      ['replay', '--endpoint', 'http://127.0.0.1:9'],
      ['export', '--out', 'out'],
    ]) {
      const refused = await finish(['queue', ...command, ...own], at);
      expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/damaged .*: --from .*own reads/) });
    }
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect((await finish(['queue', 'export', '--out', 'out', '--from', 'own'], at)).stdout).toContain('3 batches');
  });

  test('export and replay refuse while a collector runs, and name the mistake', async () => {
    const collector = await fill(1);
    const running = await finish(['queue', 'replay', '--endpoint', 'http://127.0.0.1:9'], at);
    expect(running).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/data: a collector uses it: stop that first/),
    });
    await collector.shutdown({ deadline: '0s' });
    const wrong = await finish(['queue', 'export', '--out', 'out', '--queue', 'logs/other'], at);
    expect(wrong).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("got 'logs/other' (there are logs/events/queue, logs/events/queue#2)"),
    });
  });
});
