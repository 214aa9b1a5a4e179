import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { type Collector, createCollector, exporter, type PipelinesConfig } from '@otelier/core';
import { Agent, type Dispatcher, getGlobalDispatcher, request } from 'undici';
import { afterEach, expect, test } from 'vitest';
import { recorded } from '../../test/harness.js';
import type { OtlpReceiverOptions } from './options.js';
import { otlpReceiver } from './otlp.js';

const logs = recorded().find(({ signal, encoding }) => signal === 'logs' && encoding === 'protobuf')!;

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function config(options: OtlpReceiverOptions, deliver: () => Promise<void> = async () => {}): PipelinesConfig {
  const sink = exporter('sink', { logs: deliver });
  return {
    logs: { events: { receivers: [otlpReceiver(options)], exporters: [sink] } },
    telemetry: { logLevel: 'silent' },
  };
}

async function started(deliver?: () => Promise<void>): Promise<{ collector: Collector; http: string }> {
  const collector = createCollector(config({ grpc: false, http: '127.0.0.1:0' }, deliver));
  await collector.start();
  cleanups.push(() => collector.shutdown({ deadline: '0ms' }));
  return { collector, http: String(Object.values(collector.endpoints()).flat()[0]).replace('http://', '') };
}

async function send(http: string, dispatcher: Dispatcher = getGlobalDispatcher()): Promise<number> {
  const headers = { 'content-type': 'application/x-protobuf' };
  const { statusCode, body } = await request(`http://${http}/v1/logs`, {
    ...{ method: 'POST', headers, body: logs.bytes, dispatcher },
  });
  await body.dump();
  return statusCode;
}

test('a receiver with other options takes over the port; what the old one had taken in is answered', async () => {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let arrived = (): void => {};
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const { collector, http } = await started(() => {
    arrived();
    return released;
  });
  const first = send(http);
  await arrival;
  const reloaded = collector.reload(config({ grpc: false, http, maxBytes: '16B' }));
  release();
  expect(await first).toBe(200);
  await reloaded;
  expect(await send(http)).toBe(413);
  expect(Object.values(collector.endpoints())).toEqual([[`http://${http}`]]);
  expect((await collector.shutdown()).clean).toBe(true);
});

test('when the new receiver does not start after all, the old one listens again', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  cleanups.push(async () => other.close());
  await once(other, 'listening');
  const taken = `127.0.0.1:${(other.address() as { port: number }).port}`;
  const { collector, http } = await started();
  // From here on it listens on a port that its options name.
  await collector.reload(config({ grpc: false, http }));
  await expect(collector.reload(config({ grpc: taken, http }))).rejects.toThrow(`cannot listen on ${taken}`);
  // Its port is asked for first, and given, before the other one turns out to be taken.
  const receivers = [otlpReceiver({ grpc: false, http, maxBytes: '16B' }), otlpReceiver({ grpc: false, http: taken })];
  const exporters = [exporter('sink', { logs: async () => {} })];
  const next = { logs: { events: { receivers, exporters } } };
  await expect(collector.reload(next)).rejects.toThrow(`cannot listen on ${taken}`);
  expect(await send(http)).toBe(200);
  expect(Object.values(collector.endpoints())).toEqual([[`http://${http}`]]);
  expect((await collector.shutdown()).clean).toBe(true);
});

test('there is no moment in which nobody listens: the new receiver has the port before the old one has answered', async () => {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let arrived = (): void => {};
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  let calls = 0;
  const { collector, http } = await started(async () => {
    arrived();
    if (calls++ === 0) await released;
  });
  const first = send(http);
  await arrival;
  const reloaded = collector.reload(config({ grpc: false, http, maxBytes: '16B' }));
  // Over connections of their own, since none is idle.
  const answers: number[] = [];
  while (answers.at(-1) !== 413) {
    const agent = new Agent();
    answers.push(await send(http, agent));
    await agent.destroy();
  }
  // Nobody was told to come back.
  expect(answers.filter((status) => status !== 200 && status !== 413)).toEqual([]);
  release();
  expect(await first).toBe(200);
  await reloaded;
  expect((await collector.shutdown()).clean).toBe(true);
  await expect(send(http, new Agent())).rejects.toThrow('ECONNREFUSED');
});

test('new receivers under load of new connections, over HTTP and gRPC: every one is served', async () => {
  const ways = { grpc: '127.0.0.1:0', http: '127.0.0.1:0' };
  const collector = createCollector(config(ways));
  await collector.start();
  cleanups.push(() => collector.shutdown({ deadline: '0ms' }));
  const [grpc = '', http = ''] = Object.values(collector.endpoints())
    .flat()
    .map((endpoint) => endpoint.replace(/^.*:\/\//, ''));
  const failures: unknown[] = [];
  let connects = 0;
  let done = false;
  const knocking = [grpc, http].map(async (address) => {
    while (!done) {
      const socket = connect({ host: '127.0.0.1', port: Number(address.split(':')[1]) });
      await once(socket, 'connect').catch((error: unknown) => failures.push(error));
      connects++;
      socket.destroy();
    }
  });
  for (let i = 0; i < 5; i++) await collector.reload(config({ grpc, http, maxBytes: `${i + 1}KiB` }));
  done = true;
  await Promise.all(knocking);
  expect(failures).toEqual([]);
  expect(connects).toBeGreaterThan(10);
});
