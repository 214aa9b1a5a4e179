import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import type { StatusData } from '@otelier/core';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { build, finish, type Running, start, type Workspace, workspace } from '../../../test/cli-process.js';

beforeAll(build, 120_000);

let at: Workspace;
const running: Running[] = [];
const servers: { close(): unknown }[] = [];
beforeEach(() => {
  at = workspace();
});
afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
  for (const server of servers.splice(0)) server.close();
  at.remove();
});

interface Ready {
  readonly health: string;
  readonly endpoints: Record<string, string[]>;
}

/** Runs a pipeline file whose exporter is the expression `end`; answers where its health and its HTTP door are. */
async function launch(end: string, more = ''): Promise<{ run: Running; health: string; door: string }> {
  at.write(
    'pipeline.config.ts',
    `import { definePipelines, exporter, otlpReceiver, PipelineError, processor, queue } from 'otelier';
const doors = otlpReceiver({ http: '127.0.0.1:0', grpc: false });
const end = ${end};
export default definePipelines({
  health: { endpoint: '127.0.0.1:0'${more} },
  logs: { events: { receivers: [doors], processors: [processor('keep-first', { logRecord: (r) => r.body !== 'no' })], exporters: [end] } },
});
`,
  );
  const run = start(['run', '--json'], at);
  running.push(run);
  const { health, endpoints } = JSON.parse(await run.line('"ready"')) as Ready;
  return { run, health, door: Object.values(endpoints).flat()[0]! };
}

function post(door: string, ...bodies: string[]): Promise<Response> {
  const logRecords = bodies.map((stringValue) => ({ body: { stringValue } }));
  return fetch(`${door}/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }),
  });
}

const delivers = `exporter('end', { logs: async () => {} })`;

describe('otelier status', () => {
  test('shows what a collector that is ready did, and exits 0', async () => {
    const { health, door } = await launch(`queue(${delivers})`);
    expect((await post(door, 'a', 'no', 'c')).status).toBe(200);
    const host = health.replace('http://', '');
    await expect.poll(async () => (await finish(['status', '--endpoint', host], at)).stdout).toContain(' 2 ');
    const { code, stdout, stderr } = await finish(['status', '--endpoint', host], at);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^ready   otelier \\d+\\.\\d+\\.\\d+ at ${host}, running for \\d+ s\n`));
    expect(stdout).toContain(`receivers/otlp   ${door}\n`);
    const lines = stdout.split('\n').map((line) => line.trim().split(/ {2,}/));
    expect(lines).toContainEqual(['in', 'out', 'dropped', 'refused', 'held', 'queue']);
    expect(lines).toContainEqual(['receivers/otlp/logs', '3', '3', '0', '0', '0']);
    expect(lines).toContainEqual(['logs/events']);
    expect(lines).toContainEqual(['keep-first', '3', '2', '1', '0', '0']);
    expect(lines).toContainEqual(['queue', '2', '2', '0', '0', '0', '0.0 %']);
  });

  test('says why one is not ready, and exits 1', async () => {
    const { health, door } = await launch(
      `exporter('stuck', { logs: () => new Promise(() => {}) })`,
      `, stalledAfter: '200ms'`,
    );
    void post(door, 'a').catch(() => {});
    await expect.poll(async () => (await fetch(`${health}/readyz`)).status, { timeout: 8000 }).toBe(503);
    expect((await fetch(`${health}/healthz`)).status).toBe(200);
    const { code, stdout } = await finish(['status', '--endpoint', health], at);
    expect(stdout).toMatch(/^NOT READY {3}otelier /);
    expect(stdout).toMatch(/✗ logs\/events\/stuck is stalled: it holds 1 item, and none has left it for \d+ s\n/);
    expect(stdout).toContain('logs/events   STALLED\n');
    expect(code).toBe(1);
  });

  test('a queue whose backend is down leaves its collector ready, until it is full: it is degraded, and status says why', async () => {
    const down = `exporter('end', { logs: async () => { throw new PipelineError('unavailable', 'down'); } })`;
    const { health, door } = await launch(`queue(${down}, { maxBatches: 3 })`, `, stalledAfter: '200ms'`);
    const readyz = async () => {
      const answer = await fetch(`${health}/readyz`);
      return { status: answer.status, ...((await answer.json()) as { reasons: string[]; degraded: string[] }) };
    };
    expect((await post(door, 'a', 'b')).status).toBe(200);
    await expect.poll(async () => (await readyz()).degraded, { timeout: 8000 }).toHaveLength(1);
    // Longer than what counts as stalled, and the oldest is a second old.
    await expect
      .poll(async () => (await readyz()).degraded[0], { timeout: 8000 })
      .toMatch(
        /^logs\/events\/queue keeps 2 items, the oldest for [1-9]\d* s: its backend has been failing for \d+ s \(\[unavailable\] down\); /,
      );
    expect(await readyz()).toMatchObject({ status: 200, ready: true, reasons: [] });
    const { code, stdout } = await finish(['status', '--endpoint', health], at);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ready, degraded {3}otelier /);
    expect(stdout).toMatch(/ {2}! logs\/events\/queue keeps 2 items/);
    expect(stdout).toContain('logs/events   DEGRADED\n');
    for (const body of ['c', 'd']) expect((await post(door, body)).status).toBe(200);
    expect((await post(door, 'e')).status).toBe(429);
    expect(await readyz()).toMatchObject({ status: 503, reasons: ['logs/events/queue is full'] });
    expect((await finish(['status', '--endpoint', health], at)).stdout).toContain('logs/events   FULL\n');
  });

  test('prints everything as JSON; what was refused by reason; the address may come from OTELIER_HEALTH', async () => {
    const { health, door } = await launch(
      `exporter('no', { logs: async () => { throw new PipelineError('rejected', 'no'); } })`,
    );
    expect((await post(door, 'a', 'b')).status).toBe(400);
    const variables = { OTELIER_HEALTH: health };
    const { code, stdout } = await finish(['status', '--json'], at, variables);
    const status = JSON.parse(stdout) as StatusData;
    expect(status).toMatchObject({ ready: true, state: 'running', refused: { rejected: 2 }, held: 0 });
    expect(status.components['receivers/otlp/logs']).toMatchObject({ out: 2, failed: { rejected: 2 } });
    expect(code).toBe(0);
    const malformed = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' };
    expect((await fetch(`${door}/v1/logs`, malformed)).status).toBe(400);
    const text = (await finish(['status'], at, variables)).stdout;
    expect(text).toContain('refused   rejected 2\n');
    expect(text).toContain(`receivers/otlp   ${door}\n  refused requests   malformed 1\n`);
    expect(text).toContain('\nlogs/events/no   refused   rejected 2\n');
  });

  test('exits 2 when nothing is there, or something else', async () => {
    const port = async (server: Server | ReturnType<typeof createTcp>): Promise<string> => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      servers.push(server);
      return `127.0.0.1:${(server.address() as AddressInfo).port}`;
    };
    const closed = createTcp();
    const free = await port(closed);
    await new Promise((resolve) => closed.close(resolve));
    const nothing = await finish(['status', '--endpoint', free], at);
    expect(nothing).toMatchObject({ code: 2, stdout: '' });
    expect(nothing.stderr).toContain(`no collector answers at ${free} (connect ECONNREFUSED ${free})`);
    const other = await port(createServer((_, response) => response.end('{"status":"ok"}')));
    const foreign = await finish(['status', '--endpoint', other], at);
    expect(foreign).toMatchObject({ code: 2, stdout: '' });
    expect(foreign.stderr).toContain('what answers there is not a collector');
  });

  test.each(['https://127.0.0.1:1', 'not an address', '://'])('%s is a mistake', async (endpoint) => {
    const { code, stderr } = await finish(['status', '--endpoint', endpoint], at);
    expect(stderr).toContain('--endpoint: expected host:port');
    expect(code).toBe(2);
  });
});
