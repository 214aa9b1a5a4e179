import { ConfigError, type Exporter, exporter, PipelineError } from '@otelier/core';
import { buildTraces, type LogsBatch } from '@otelier/otlp';
import { claudeCode, memoryExporter, memoryReceiver, testPipeline } from '@otelier/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyFaults, backend, sendThrough } from '../../test/backend.js';
import { bodies, logs } from '../../test/host.js';
import { reasonAttribute } from './dead-letter.js';
import { retry } from './retry.js';

const patient = { maxElapsed: '24h' } as const;
const names = (numbers: readonly number[]) => numbers.map((number) => `record ${number}`);
const all = (count: number) => bodies(logs(count)) as string[];

describe('a dead letter', () => {
  test('gets the one record that the backend refuses, with the reason; its neighbours are delivered in order', async () => {
    const to = backend({ poison: [700] });
    const letters = memoryExporter();
    const { refused, accounts } = await sendThrough(retry(to.exporter, { deadLetter: letters }), 1000, [to]);
    expect(refused).toBe(0);
    expect(to.stored).toEqual(all(1000).filter((record) => record !== 'record 700'));
    const [letter] = letters.received.logs as [LogsBatch];
    expect(bodies(letter)).toEqual(['record 700']);
    const attributes = Array.from(letter.resourceLogs, ({ resource }) => resource.attributes.toObject());
    expect(attributes).toEqual([
      {
        'service.name': 'test',
        [reasonAttribute]: '[rejected] backend says 400',
      },
    ]);
    // Two halves per level of the way down to it.
    expect(to.requests.length).toBeLessThanOrEqual(1 + 2 * Math.ceil(Math.log2(1000)));
    expect(accounts['logs/test/retry']).toMatchObject({ in: 1000, out: 999, dropped: { 'dead letter: rejected': 1 } });
    expect(accounts['logs/test/retry/dead-letter']).toMatchObject({ in: 1, out: 1 });
  });

  test('is not needed for what is only too large together', async () => {
    const to = backend({ limit: 3 });
    const letters = memoryExporter();
    await sendThrough(retry(to.exporter, { deadLetter: letters }), 10, [to]);
    expect(to.stored).toEqual(all(10));
    expect(letters.received.logs).toEqual([]);
  });

  test('gets a record that is too large by itself', async () => {
    const to = backend({ limit: 0 });
    const letters = memoryExporter();
    const { accounts } = await sendThrough(retry(to.exporter, { deadLetter: letters }), 3, [to]);
    expect(letters.received.logs.flatMap(bodies)).toEqual(all(3));
    expect(accounts['logs/test/retry']).toMatchObject({ out: 0, dropped: { 'dead letter: too-large': 3 } });
  });

  test.each(['unauthenticated', 'unsupported'] as const)(
    'gets a batch whole that was refused as %s, which no search could help',
    async (code) => {
      let requests = 0;
      const refusing = exporter('refusing', {
        logs: async () => {
          requests++;
          throw new PipelineError(code, 'no');
        },
      });
      const letters = memoryExporter();
      await sendThrough(retry(refusing, { deadLetter: letters }), 100, []);
      expect(requests).toBe(1);
      expect(letters.received.logs.map(bodies)).toEqual([all(100)]);
    },
  );

  test('ends a search that leads nowhere: a backend that refuses everything is not asked for ever', async () => {
    const to = backend({ poison: Array.from({ length: 1000 }, (_, i) => i) });
    const letters = memoryExporter();
    await sendThrough(retry(to.exporter, { deadLetter: letters, maxBisections: 10 }), 1000, [to]);
    expect(to.requests.length).toBe(21);
    expect(letters.received.logs.flatMap(bodies)).toEqual(all(1000));
  });

  test('that is down for a while is tried again, and the backend is not asked a second time', async () => {
    const to = backend({ poison: [0] });
    const letters = memoryExporter();
    letters.refuse(3);
    await sendThrough(retry(to.exporter, { deadLetter: letters }), 1, [to]);
    expect(to.requests).toHaveLength(1);
    expect(letters.received.logs.flatMap(bodies)).toEqual(['record 0']);
  });

  test('that refuses for good leaves the record to its sender, who hears why', async () => {
    const to = backend({ poison: [1] });
    const letters = memoryExporter();
    letters.refuse(1, new PipelineError('rejected', 'no room'));
    const outcome = await sendThrough(retry(to.exporter, { deadLetter: letters }), 3, [to]);
    expect(outcome).toMatchObject({ refused: 1, refusal: 'rejected (1)' });
    expect(to.stored).toEqual(['record 0', 'record 2']);
  });

  test('is for every signal that the exporter takes', async () => {
    const to = memoryExporter();
    const letters = memoryExporter();
    to.refuse(1_000, new PipelineError('rejected', 'no'));
    const subject = retry(to, { deadLetter: letters });
    const pipeline = { test: { receivers: [memoryReceiver()], exporters: [subject] } };
    const options = { keepExporters: true } as const;
    await using run = await testPipeline({ logs: pipeline, metrics: pipeline, traces: pipeline }, options);
    await run.send(claudeCode.sessionCount());
    await run.send(buildTraces([{ spans: [{ traceId: '1'.repeat(32), spanId: '2'.repeat(16), name: 'work' }] }]));
    expect(letters.received).toMatchObject({ logs: [], metrics: [{ count: 1 }], traces: [{ count: 1 }] });
    const onlyLogs = exporter('aside', { logs: async () => {} }) as Exporter<never>;
    expect(() => retry(memoryExporter(), { deadLetter: onlyLogs })).toThrow(
      'retry: deadLetter: expected an exporter that takes metrics, as memory does',
    );
  });

  test('shows itself, and narrows what may leave', () => {
    const inner = memoryExporter({ clearance: ['label', 'identity', 'content'], accepts: 'delta' });
    const letters = memoryExporter({ clearance: ['label', 'content'], options: { dir: 'dead' } });
    const wrapped = retry(inner, { deadLetter: letters });
    expect(wrapped).toMatchObject({
      accepts: 'delta',
      clearance: ['label', 'content'],
      options: { maxBisections: 64, deadLetter: { memory: { dir: 'dead' } }, exporter: 'memory' },
    });
    expect(() => retry(inner, { deadLetter: memoryExporter({ accepts: 'cumulative' }) })).toThrow(ConfigError);
    expect(() => retry(inner, { deadLetter: 'file' as never })).toThrow('retry: deadLetter: expected an exporter');
    expect(() => retry(inner, { maxBisections: 3 })).toThrow('retry: maxBisections: expected a deadLetter beside it');
  });
});

describe('every record has one outcome, whatever the backend does', () => {
  const plan = fc.record({
    count: fc.integer({ min: 1, max: 40 }),
    poison: fc.uniqueArray(fc.nat(39), { maxLength: 6 }),
    limit: fc.integer({ min: 1, max: 60 }),
    faults: anyFaults(25),
  });

  test('with a dead letter: delivered, put away, left out by the backend, or left to the sender', async () => {
    await fc.assert(
      fc.asyncProperty(plan, anyFaults(6), async ({ count, ...how }, letterFaults) => {
        const to = backend(how);
        const letters = backend({ faults: letterFaults }, 'letters');
        const subject = retry(to.exporter, { ...patient, deadLetter: letters.exporter });
        const { refused, left, error } = await sendThrough(subject, count, [to, letters]);
        const ends = [...to.stored, ...to.leftOut, ...letters.stored, ...letters.leftOut, ...left];
        expect(ends.toSorted()).toEqual(all(count).toSorted());
        const putAway = [...letters.stored, ...letters.leftOut];
        expect(putAway.filter((record) => !names(how.poison).includes(record))).toEqual([]);
        if (error === undefined) expect(refused).toBe(to.leftOut.length + letters.leftOut.length);
        else expect(error.retryable).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  test('without one: delivered, refused, or left to the sender', async () => {
    await fc.assert(
      fc.asyncProperty(plan, async ({ count, ...how }) => {
        const to = backend(how);
        const { refused, left, error } = await sendThrough(retry(to.exporter, patient), count, [to]);
        const seen = [...to.stored, ...to.leftOut];
        expect(new Set(seen).size).toBe(seen.length);
        if (error === undefined) expect(count - refused).toBe(to.stored.length);
        // What a batch was refused for is told to its sender with the whole of it, and nothing of it was delivered.
        else if (!error.retryable) expect(seen).toEqual([]);
        else expect(left.filter((record) => seen.includes(record))).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});
