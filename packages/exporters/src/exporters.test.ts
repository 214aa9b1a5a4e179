import { ConfigError, createCollector, type Exporter, type Signal } from '@otelier/core';
import { encodeExportResponse, LogsBatch } from '@otelier/otlp';
import { assertConservation, memoryReceiver } from '@otelier/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { fakeClock } from '../test/clock.js';
import { bodies, logs, memoryLog } from '../test/host.js';
import { type Answer, httpServer } from '../test/servers.js';
import {
  consoleExporter,
  fileExporter,
  type OtlpExporterOptions,
  otlpExporter,
  otlpExporterFromEnv,
  queue,
  retry,
} from './index.js';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function running(
  answers: Answer[],
  wrap: (exporter: Exporter<Signal>) => Exporter<Signal>,
  options: Partial<OtlpExporterOptions> = {},
) {
  const clock = fakeClock();
  const delivered: unknown[] = [];
  let answered = (): void => {};
  const server = await httpServer(({ body }) => {
    const answer = answers.shift() ?? {};
    if ((answer.status ?? 200) === 200 && !answer.cut) delivered.push(...bodies(LogsBatch.parse(body)));
    setImmediate(() => answered());
    return answer;
  });
  const receiver = memoryReceiver();
  const exporters = [wrap(otlpExporter({ endpoint: server.url, ...options }))];
  const collector = createCollector(
    { logs: { test: { receivers: [receiver], exporters } } },
    { clock, logger: memoryLog().logger },
  );
  await collector.start();
  cleanups.push(
    () => server.close(),
    () => collector.shutdown(),
  );
  /** Lets time pass until so many requests have been answered. */
  const requests = async (count: number) => {
    while (server.seen.length < count) {
      const next = new Promise<void>((resolve) => {
        answered = resolve;
      });
      const pass = setInterval(() => void clock.advance(1000), 1);
      await next;
      clearInterval(pass);
    }
  };
  return { server, receiver, collector, delivered, requests };
}

describe('queue(retry(otlpExporter()))', () => {
  const outage: Answer[] = [{ status: 503 }, { cut: true }, { status: 429, headers: { 'retry-after': '2' } }];

  test('answers the sender at once and delivers through an outage', async () => {
    const { receiver, collector, delivered, requests } = await running([...outage], (inner) => queue(retry(inner)));
    await receiver.send(logs(3));
    await requests(4);
    expect(await collector.shutdown()).toMatchObject({ delivered: 3, lost: 0, clean: true });
    expect(delivered).toEqual(bodies(logs(3)));
    const accounts = collector.accounts();
    assertConservation(accounts);
    expect(accounts['logs/test/queue']).toMatchObject({ in: 3, out: 3, held: 0 });
    // The queue waits, and not the retry: each attempt is the queue's.
    expect(accounts['logs/test/queue/retry']).toMatchObject({
      in: 12,
      out: 3,
      refused: { unavailable: 6, overloaded: 3 },
    });
    expect(accounts['logs/test/queue/retry/otlp']).toMatchObject({
      in: 12,
      out: 3,
      refused: { unavailable: 6, overloaded: 3 },
    });
  });

  test('retry alone lets the sender wait for the truth', async () => {
    const { receiver, collector, delivered, requests } = await running([...outage], (inner) => retry(inner));
    let told = false;
    const sent = receiver.send(logs(3)).then(() => {
      told = true;
    });
    await requests(3);
    expect(told).toBe(false);
    await requests(4);
    await sent;
    expect(delivered).toEqual(bodies(logs(3)));
    assertConservation(collector.accounts());
  });

  test('parts that were delivered are not sent again with those that were not', async () => {
    const { receiver, collector, delivered, requests, server } = await running(
      [{}, { status: 503 }],
      (inner) => retry(inner),
      { maxBytes: '1KiB' },
    );
    const sent = receiver.send(logs(100));
    await requests(3);
    await sent;
    expect(delivered).toEqual(bodies(logs(100)));
    expect(server.seen.length).toBeGreaterThan(3);
    assertConservation(collector.accounts());
  });

  test('what a backend rejects in part is refused by all of them, and told to the sender', async () => {
    const body = encodeExportResponse('logs', { rejected: 2, message: 'bad' }, 'protobuf');
    const answer = { headers: { 'content-type': 'application/x-protobuf' }, body };
    const { receiver, collector, requests } = await running([{ status: 503 }, answer], (inner) => retry(inner));
    const sent = receiver.send(logs(5));
    await requests(2);
    expect(await sent).toMatchObject({ refused: 2 });
    for (const id of ['logs/test/retry', 'logs/test/retry/otlp']) {
      expect(collector.accounts()[id]).toMatchObject({ out: 3, refused: { 'rejected by backend': 2 } });
    }
    assertConservation(collector.accounts());
  });

  test('a 413 is split, and only the record that is too large is lost', async () => {
    const tooLarge = { status: 413 };
    // 4 records: whole, first half, second half, third record, fourth record.
    const { receiver, collector, delivered } = await running([tooLarge, {}, tooLarge, tooLarge, {}], (inner) =>
      retry(inner),
    );
    expect(await receiver.send(logs(4))).toMatchObject({ refused: 1 });
    expect(delivered).toEqual(['record 0', 'record 1', 'record 3']);
    expect(collector.accounts()['logs/test/retry']).toMatchObject({ in: 4, out: 3, refused: { 'too-large': 1 } });
    assertConservation(collector.accounts());
  });
});

test('many batches under one signal raise no warning of a leak', async () => {
  const warnings: Error[] = [];
  const listen = (warning: Error) => warnings.push(warning);
  process.on('warning', listen);
  const { receiver, requests } = await running([{ status: 503 }], (inner) => queue(retry(inner), { workers: 20 }));
  const { signal } = new AbortController();
  await Promise.all(Array.from({ length: 40 }, () => receiver.send(logs(1), { signal })));
  await requests(41);
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', listen);
  expect(warnings).toEqual([]);
});

describe('clearance', () => {
  const clearance = ['label', 'identity'] as const;
  const endpoint = 'http://127.0.0.1:4318';
  test.each<[string, (options: object) => Exporter<Signal> | undefined]>([
    ['consoleExporter', (options) => consoleExporter(options)],
    ['fileExporter', (options) => fileExporter({ dir: './data', ...options })],
    ['otlpExporter', (options) => otlpExporter({ endpoint, ...options })],
    ['otlpExporterFromEnv', (options) => otlpExporterFromEnv({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }, options)],
    ['queue and retry', (options) => queue(retry(otlpExporter({ endpoint, ...options })))],
  ])('%s declares what it was told, or nothing', (name, make) => {
    expect(make({ clearance })).toHaveProperty('clearance', clearance);
    expect(make({})).not.toHaveProperty('clearance');
    for (const wrong of [['prompts'], [], 'label']) {
      expect(() => make({ clearance: wrong })).toThrow(ConfigError);
      expect(() => make({ clearance: wrong })).toThrow(/clearance(\.0)?: expected /);
    }
    expect(() => make({ clearence: clearance }), name).toThrow('clearence: expected no such option');
  });
});
