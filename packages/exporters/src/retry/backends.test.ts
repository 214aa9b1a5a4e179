import { type Collector, createCollector, type Exporter, type Signal } from '@otelier/core';
import { encodeExportResponse, encodeStatus, LogsBatch } from '@otelier/otlp';
import { assertConservation, memoryExporter, memoryReceiver } from '@otelier/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { type FakeClock, fakeClock } from '../../test/clock.js';
import { wrapperContract } from '../../test/contract.js';
import { bodies, logs, memoryLog } from '../../test/host.js';
import { type Answer, type GrpcAnswer, grpcServer, grpcStatus, httpServer, type Seen } from '../../test/servers.js';
import { otlpExporter } from '../otlp/otlp.js';
import { retry } from './retry.js';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const protobuf = { 'content-type': 'application/x-protobuf' };
const rejectedTwo = encodeExportResponse('logs', { rejected: 2, message: 'two are bad' }, 'protobuf');

async function start(subject: Exporter<Signal>) {
  const clock = fakeClock();
  const receiver = memoryReceiver();
  const collector = createCollector(
    { logs: { test: { receivers: [receiver], exporters: [subject] } } },
    { clock, logger: memoryLog().logger },
  );
  await collector.start();
  cleanups.push(() => collector.shutdown());
  return { clock, receiver, collector };
}

/** Lets time pass, a little at a time, until so many requests have come. */
async function untilAsked(clock: FakeClock, seen: readonly Seen[], requests: number): Promise<void> {
  while (seen.length < requests) {
    // Until the first has come time stands still: how long a connection takes is not the matter here.
    if (seen.length > 0) await clock.advance(1);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function balanced(collector: Collector) {
  const accounts = collector.accounts();
  assertConservation(accounts);
  return accounts;
}

describe('a real HTTP backend', () => {
  test.each<[string, Answer, number]>([
    ['Retry-After in seconds', { status: 429, headers: { 'retry-after': '1' } }, 1000],
    ['Retry-After in a fraction of a second', { status: 503, headers: { 'retry-after': '0.25' } }, 250],
    ['Retry-After as a date', { status: 503, headers: { 'retry-after': 'Thu, 15 Jan 2026 12:00:02 GMT' } }, 2000],
    [
      'RetryInfo in the body',
      { status: 503, headers: protobuf, body: encodeStatus({ code: 14, message: '', retryAfterMs: 750 }, 'protobuf') },
      750,
    ],
  ])('that asks for patience by %s gets it', async (_, answer, waitMs) => {
    const asked: number[] = [];
    const server = await httpServer((__, call) => {
      asked.push(clock.now());
      return call === 1 ? answer : {};
    });
    cleanups.push(() => server.close());
    const subject = retry(otlpExporter({ endpoint: server.url }), { initial: '1ms', jitter: false });
    const { clock, receiver, collector } = await start(subject);
    const sent = receiver.send(logs(2));
    await untilAsked(clock, server.seen, 2);
    await sent;
    expect((asked[1] as number) - (asked[0] as number)).toBeGreaterThanOrEqual(waitMs);
    expect(bodies(LogsBatch.parse(server.seen[1]?.body as Buffer))).toEqual(['record 0', 'record 1']);
    expect(balanced(collector)['logs/test/retry']).toMatchObject({ in: 2, out: 2, noted: { 'tried again': 2 } });
  });

  test('that takes a part is not sent the batch again: the sender hears, and the answer is counted', async () => {
    const server = await httpServer(() => ({ headers: protobuf, body: rejectedTwo }));
    cleanups.push(() => server.close());
    const letters = memoryExporter();
    const { receiver, collector } = await start(retry(otlpExporter({ endpoint: server.url }), { deadLetter: letters }));
    expect(await receiver.send(logs(5))).toEqual({ refused: 2, refusal: 'rejected by backend (2)' });
    expect(server.seen).toHaveLength(1);
    expect(letters.attempts).toBe(0);
    const accounts = balanced(collector);
    expect(accounts['logs/test/retry']).toMatchObject({ out: 3, refused: { 'rejected by backend': 2 } });
    expect(accounts['logs/test/retry/otlp']).toMatchObject({ out: 3, noted: { 'partial success': 1 } });
  });

  test('that answers 400 to one record of many gets all others, and the record is in the dead letter', async () => {
    const stored: unknown[] = [];
    const server = await httpServer(({ body }) => {
      const records = bodies(LogsBatch.parse(body));
      if (records.includes('record 13')) return { status: 400 };
      stored.push(...records);
      return {};
    });
    cleanups.push(() => server.close());
    const letters = memoryExporter();
    const { receiver, collector } = await start(retry(otlpExporter({ endpoint: server.url }), { deadLetter: letters }));
    expect(await receiver.send(logs(64))).toMatchObject({ refused: 0 });
    expect(stored).toEqual(bodies(logs(64)).filter((record) => record !== 'record 13'));
    expect(letters.received.logs.flatMap(bodies)).toEqual(['record 13']);
    balanced(collector);
  });
});

test('of a request that the exporter cut to size, a refused part is searched too', async () => {
  const stored: unknown[] = [];
  const server = await httpServer(({ body }) => {
    const records = bodies(LogsBatch.parse(body));
    if (records.includes('record 50')) return { status: 400 };
    stored.push(...records);
    return {};
  });
  cleanups.push(() => server.close());
  const letters = memoryExporter();
  const inner = otlpExporter({ endpoint: server.url, maxBytes: '1KiB' });
  const { receiver, collector } = await start(retry(inner, { deadLetter: letters }));
  expect(await receiver.send(logs(100))).toMatchObject({ refused: 0 });
  expect(stored.toSorted()).toEqual(
    bodies(logs(100))
      .filter((record) => record !== 'record 50')
      .toSorted(),
  );
  expect(letters.received.logs.flatMap(bodies)).toEqual(['record 50']);
  expect(balanced(collector)['logs/test/retry']).toMatchObject({ out: 99, dropped: { 'dead letter: rejected': 1 } });
});

describe('a real gRPC backend', () => {
  test.each(['RESOURCE_EXHAUSTED', 'UNAVAILABLE'] as const)(
    'that says %s with RetryInfo of a fraction of a second is left alone so long',
    async (name) => {
      const asked: number[] = [];
      const statusDetails = encodeStatus({ code: grpcStatus[name], message: 'busy', retryAfterMs: 250.5 }, 'protobuf');
      const server = await grpcServer((_, call): GrpcAnswer => {
        asked.push(clock.now());
        return call === 1 ? { code: grpcStatus[name], statusDetails } : Buffer.alloc(0);
      });
      cleanups.push(() => server.close());
      const inner = otlpExporter({ endpoint: server.url, protocol: 'grpc' });
      const { clock, receiver, collector } = await start(retry(inner, { initial: '1ms', jitter: false }));
      const sent = receiver.send(logs(2));
      await untilAsked(clock, server.seen, 2);
      await sent;
      expect((asked[1] as number) - (asked[0] as number)).toBeGreaterThanOrEqual(251);
      balanced(collector);
    },
  );

  test('that says RESOURCE_EXHAUSTED without RetryInfo is out of quota: not tried again', async () => {
    const server = await grpcServer(() => ({ code: grpcStatus.RESOURCE_EXHAUSTED, details: 'quota' }));
    cleanups.push(() => server.close());
    const { receiver } = await start(retry(otlpExporter({ endpoint: server.url, protocol: 'grpc' })));
    await expect(receiver.send(logs(2))).rejects.toMatchObject({ code: 'rejected' });
    expect(server.seen).toHaveLength(1);
  });

  test('that takes a part is told to the sender and counted', async () => {
    const server = await grpcServer(() => rejectedTwo);
    cleanups.push(() => server.close());
    const { receiver, collector } = await start(retry(otlpExporter({ endpoint: server.url, protocol: 'grpc' })));
    expect(await receiver.send(logs(5))).toMatchObject({ refused: 2 });
    expect(balanced(collector)['logs/test/retry/otlp']).toMatchObject({ noted: { 'partial success': 1 } });
  });
});

test('the contract of exporters holds for a retry that has no time to wait', async () => {
  await wrapperContract((inner) => retry(inner, { maxElapsed: '0s' }));
});
