import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { deferred, logs, memory, pushed, silent } from '../fakes/ends.js';
import {
  type Collector,
  ConfigError,
  createCollector,
  definePipelines,
  exporterStage,
  type PipelinesConfig,
  type StatusData,
} from '../index.js';

const doors = { endpoint: '127.0.0.1:0' } as const;
let source: ReturnType<typeof pushed>;
const collectors: Collector[] = [];
beforeEach(() => {
  source = pushed();
});
afterEach(async () => {
  for (const collector of collectors.splice(0)) await collector.shutdown({ deadline: '0s' });
});

function config(health: PipelinesConfig['health'], end = memory().exporter): PipelinesConfig {
  return { ...(health && { health }), logs: { events: { receivers: [source.receiver], exporters: [end] } } };
}

function collectorOf(given: PipelinesConfig): Collector {
  const collector = createCollector(given, { logger: silent });
  collectors.push(collector);
  return collector;
}

async function get(collector: Collector, path: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${collector.health().endpoint}${path}`);
  return { status: response.status, body: await response.json() };
}

describe('health over HTTP', () => {
  test('is alive from the start, and ready only while the collector runs', async () => {
    const [starting, draining] = [deferred(), deferred()];
    const reached = deferred();
    const end = exporterStage('end', {
      logs: () => ({
        consume: async () => {},
        start: () => {
          reached.resolve();
          return starting.promise;
        },
        flush: () => draining.promise,
      }),
    });
    const collector = collectorOf(config(doors, end));
    const started = collector.start();
    await reached.promise;
    await expect.poll(() => collector.health().endpoint).toBeDefined();
    expect(await get(collector, '/healthz')).toEqual({ status: 200, body: { live: true } });
    const notYet = { ready: false, reasons: ['the collector is starting'], degraded: [] };
    expect(await get(collector, '/readyz')).toEqual({ status: 503, body: notYet });
    starting.resolve();
    await started;
    expect(await get(collector, '/readyz')).toEqual({ status: 200, body: { ready: true, reasons: [], degraded: [] } });
    const stopped = collector.shutdown();
    await expect.poll(() => collector.state).toBe('draining');
    expect((await get(collector, '/readyz')).status).toBe(503);
    expect((await get(collector, '/healthz')).status).toBe(200);
    draining.resolve();
    const { endpoint } = collector.health();
    await stopped;
    await expect(fetch(`${endpoint}/healthz`)).rejects.toThrow();
  });

  test('tells everything there is to count under /status', async () => {
    const end = memory(async (batch, flow) => flow.refuse(batch.count - 2, 'too old'));
    const collector = collectorOf(config(doors, end.exporter));
    await collector.start();
    await source.send(logs(5));
    const { status, body } = await get(collector, '/status?pretty');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ...{ version: expect.stringMatching(/^\d+\.\d+\.\d+/), state: 'running', uptimeSeconds: expect.any(Number) },
      ...{ live: true, ready: true, reasons: [], held: 0, refused: { 'too old': 3 }, queues: {} },
      receivers: { 'receivers/pushed': [] },
      inFlight: { bytes: 0, limitBytes: expect.any(Number), refusedRequests: {} },
      memory: { bytes: expect.any(Number) },
      pipelines: { 'logs/events': { ready: true } },
    } satisfies { [key in keyof StatusData]?: unknown });
    expect((body as StatusData).components).toEqual(JSON.parse(JSON.stringify(collector.accounts())));
  });

  test.each([
    ['GET', '/', 404],
    ['GET', '/healthz/', 404],
    ['POST', '/status', 405],
    ['HEAD', '/readyz', 200],
  ])('%s %s is %d', async (method, path, status) => {
    const collector = collectorOf(config(doors));
    await collector.start();
    expect((await fetch(`${collector.health().endpoint}${path}`, { method })).status).toBe(status);
  });

  test('an address that is taken fails the start, and nothing stays open', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const { port } = holder.address() as AddressInfo;
    const collector = collectorOf(config({ endpoint: `127.0.0.1:${port}` }));
    await expect(collector.start()).rejects.toThrow(/health\.endpoint: .*EADDRINUSE/);
    expect(source.calls).toEqual([]);
    expect(collector.state).toBe('stopped');
    await new Promise((resolve) => holder.close(resolve));
  });
});

describe('a reload', () => {
  test('keeps the server whose endpoint is the same, with its port', async () => {
    const collector = collectorOf(config(doors));
    await collector.start();
    const { endpoint } = collector.health();
    await collector.reload(config({ ...doors, stalledAfter: '5s' }));
    expect(collector.health().endpoint).toBe(endpoint);
    expect((await get(collector, '/readyz')).status).toBe(200);
  });

  test('moves, ends and begins it', async () => {
    const collector = collectorOf(config(doors));
    await collector.start();
    const first = collector.health().endpoint;
    await collector.reload(config({ endpoint: 'localhost:0' }));
    const second = collector.health().endpoint;
    expect(second).toMatch(/^http:\/\/localhost:/);
    await expect(fetch(`${first}/healthz`)).rejects.toThrow();
    expect((await get(collector, '/healthz')).status).toBe(200);
    await collector.reload(config(undefined));
    expect(collector.health().endpoint).toBeUndefined();
    await expect(fetch(`${second}/healthz`)).rejects.toThrow();
    await collector.reload(config(doors));
    expect((await get(collector, '/readyz')).status).toBe(200);
  });

  test('that fails leaves it as it was', async () => {
    const collector = collectorOf(config(doors));
    await collector.start();
    const { endpoint } = collector.health();
    const broken = exporterStage('broken', {
      logs: () => ({ start: () => Promise.reject(new Error('no')), consume: async () => {} }),
    });
    await expect(collector.reload(config({ endpoint: 'localhost:0' }, broken))).rejects.toThrow('did not start');
    expect(collector.health().endpoint).toBe(endpoint);
    expect((await get(collector, '/readyz')).status).toBe(200);
  });
});

describe('the pipeline file', () => {
  test.each([
    [{ endpoint: '13133' }, 'health.endpoint'],
    [{ endpoint: 'http://127.0.0.1:13133' }, 'health.endpoint'],
    [{ endpoint: '127.0.0.1:99999' }, 'health.endpoint'],
    [{ endpoint: '0.0.0.0:13133' }, 'allowRemote: true'],
    [{ endpoint: '[::]:13133' }, 'allowRemote: true'],
    [{ endpoint: '127.0.0.1.example.com:13133' }, 'allowRemote: true'],
    [{ endpoint: '0.0.0.0:13133', allowRemote: 'yes' }, 'health.allowRemote'],
    [{ stalledAfter: '0s' }, 'health.stalledAfter'],
    [{ stalledAfter: 30 }, 'health.stalledAfter'],
    [{ path: '/' }, 'health.path'],
    [true, 'health'],
  ])('%j is a mistake', (health, told) => {
    const define = () => definePipelines(config(health as never));
    expect(define).toThrow(ConfigError);
    expect(define).toThrow(told);
  });

  test.each([
    { endpoint: '127.0.0.1:13133' },
    { endpoint: '127.1.2.3:0' },
    { endpoint: '[::1]:13133' },
    { endpoint: 'localhost:13133' },
    { endpoint: '0.0.0.0:13133', allowRemote: true },
    {},
  ])('%j is right', (health) => {
    expect(() => definePipelines(config(health))).not.toThrow();
  });
});
