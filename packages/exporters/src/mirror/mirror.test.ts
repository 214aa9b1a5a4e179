import { ConfigError, createCollector, type Exporter, exporter, PipelineError, type Signal } from '@otelier/core';
import { assertConservation, memoryExporter, memoryReceiver } from '@otelier/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyFaults, backend, sendThrough } from '../../test/backend.js';
import { wrapperContract } from '../../test/contract.js';
import { bodies, logs, memoryLog, startLogs, testFlow, testHost } from '../../test/host.js';
import { UndeliveredPartsError } from '../parts.js';
import { retry } from '../retry/retry.js';
import { mirror } from './mirror.js';

const all = (count: number) => bodies(logs(count)) as string[];

describe('mirror', () => {
  test('sends to the primary and to every copy', async () => {
    const [primary, ...copies] = [backend({}, 'a'), backend({}, 'b'), backend({}, 'c')] as const;
    const subject = mirror(
      primary.exporter,
      copies.map((copy) => copy.exporter),
    );
    const { accounts } = await sendThrough(subject, 3, []);
    for (const each of [primary, ...copies]) expect(each.stored).toEqual(all(3));
    expect(accounts['logs/test/mirror']).toMatchObject({ in: 3, out: 3, held: 0, noted: {} });
    expect(accounts['logs/test/mirror/c']).toMatchObject({ in: 3, out: 3, held: 0 });
  });

  test('does not let the sender wait for a copy, or hear of what it refuses', async () => {
    const primary = memoryExporter();
    const copy = memoryExporter();
    const release = copy.hold();
    const receiver = memoryReceiver();
    const refusing = exporter('refusing', { logs: async (_, flow) => flow.refuse(2, 'told to') }) as Exporter<never>;
    const subject = mirror<'logs'>(primary, [copy, refusing as Exporter<'logs'>]);
    const collector = createCollector(
      { logs: { test: { receivers: [receiver], exporters: [subject as Exporter<Signal>] } } },
      { logger: memoryLog().logger },
    );
    await collector.start();
    expect(await receiver.send(logs(3))).toEqual({ refused: 0, refusal: '' });
    expect(copy.received.logs).toEqual([]);
    const closed = collector.shutdown();
    release();
    expect(await closed).toMatchObject({ delivered: 3, lost: 0 });
    expect(copy.received.logs.flatMap(bodies)).toEqual(all(3));
    assertConservation(collector.accounts());
    expect(collector.accounts()['logs/test/mirror']).toMatchObject({
      noted: { 'not copied to refusing: refused': 2 },
    });
  });

  test('copies nothing that the primary has not taken, and a batch that is sent again only once', async () => {
    const primary = backend({ faults: ['unavailable', 'overloaded'] }, 'a');
    const copy = backend({}, 'b');
    await sendThrough(retry(mirror(primary.exporter, [copy.exporter])), 3, []);
    expect(copy.requests).toEqual([all(3)]);
    const rejecting = backend({ poison: [0] });
    const { error } = await sendThrough(mirror(rejecting.exporter, [copy.exporter]), 1, []);
    expect(error).toMatchObject({ code: 'rejected' });
    expect(copy.requests).toHaveLength(1);
  });

  test('leaves out what a copy is too slow for, by bytes, and counts it', async () => {
    const copy = memoryExporter();
    const release = copy.hold();
    const notes: Record<string, number> = {};
    const host = {
      ...testHost(),
      note: (count: number, reason: string) => {
        notes[reason] = (notes[reason] ?? 0) + count;
      },
    };
    const { size } = logs(2);
    const stage = await startLogs(
      mirror(memoryExporter(), [copy], { maxBytes: `${2 * size}B` as '1KiB' }),
      host as never,
    );
    for (let i = 0; i < 3; i++) await stage.consume(logs(2), testFlow());
    expect(notes).toEqual({ 'not copied to memory#2: too much under way': 2 });
    release();
    await stage.flush?.();
    await stage.consume(logs(500), testFlow());
    await stage.flush?.();
    expect(copy.received.logs.map(({ count }) => count)).toEqual([2, 2, 500]);
  });

  test('counts what a primary delivered of a batch that it could not deliver whole', async () => {
    const primary = exporter('a', {
      logs: async (batch) => {
        const [, ...rest] = batch.split({ maxCount: 4 });
        throw new UndeliveredPartsError(new PipelineError('unavailable', 'down'), rest);
      },
    });
    const copy = backend({}, 'b');
    const { accounts, left } = await sendThrough(mirror(primary, [copy.exporter]), 10, []);
    expect(left).toEqual(all(10).slice(4));
    expect(copy.stored).toEqual([]);
    expect(accounts['logs/test/mirror']).toMatchObject({ noted: { 'not copied to b: delivered in part': 4 } });
  });

  test('cuts off what is under way to a copy when it is closed, and counts it', async () => {
    const copy = backend({ faults: ['hang', 'hang'] }, 'b');
    const notes: Record<string, number> = {};
    const host = {
      ...testHost(),
      note: (count: number, reason: string) => {
        notes[reason] = (notes[reason] ?? 0) + count;
      },
    };
    const stage = await startLogs(mirror(backend().exporter, [copy.exporter]), host);
    const hangs = new Promise<void>((resolve) => {
      copy.onHang = resolve;
    });
    await stage.consume(logs(3), testFlow());
    await hangs;
    const flushed = stage.flush?.();
    await stage.close?.();
    await flushed;
    expect(copy.stored).toEqual([]);
    expect(notes).toEqual({ 'not copied to b: closed': 3 });
  });

  test('has the outcome of its primary, whatever its copies do, and every item that no copy got is counted', async () => {
    const plan = fc.record({ faults: anyFaults(6).map((faults) => faults.filter((fault) => fault !== 'hang')) });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 20 }), plan, plan, async (count, how, copyHow) => {
        const [primary, copy] = [backend(how, 'a'), backend(copyHow, 'b')];
        const alone = backend(how, 'a');
        const expected = await sendThrough(retry(alone.exporter, { maxElapsed: '24h' }), count, []);
        const subject = mirror(retry(primary.exporter, { maxElapsed: '24h' }), [copy.exporter]);
        const outcome = await sendThrough(subject, count, []);
        expect([outcome.refused, outcome.refusal, outcome.error]).toEqual([
          expected.refused,
          expected.refusal,
          expected.error,
        ]);
        expect(primary.stored).toEqual(alone.stored);
        const notes = Object.values(outcome.accounts['logs/test/mirror']?.noted ?? {});
        expect(copy.stored.length + notes.reduce((sum, items) => sum + items, 0)).toBe(count);
      }),
      { numRuns: 60 },
    );
  });

  test('keeps the contract of exporters', async () => {
    await wrapperContract((inner) => mirror(inner, [memoryExporter()]));
  });

  test('shows what is inside and what all of it may see', () => {
    const a = memoryExporter({ clearance: ['label', 'content'], options: { url: 'a' } });
    const b = memoryExporter({ accepts: 'cumulative', clearance: ['identity'] });
    expect(mirror(a, [b])).toMatchObject({
      name: 'mirror',
      accepts: 'cumulative',
      clearance: [],
      options: { maxBytes: 16 * 1024 * 1024, primary: { memory: { url: 'a' } }, copies: ['memory'] },
    });
  });

  test('refuses wrong options with their path', () => {
    const to = memoryExporter();
    expect(() => mirror(to, [])).toThrow(new ConfigError('mirror', 'at least one copy'));
    expect(() => mirror(to, to as never)).toThrow('mirror: expected at least one copy');
    expect(() => mirror(to, [undefined as never])).toThrow('mirror[1]: expected an exporter');
    expect(() => mirror(to, [to], { maxBytes: 'lots' as '1MiB' })).toThrow(/^mirror: maxBytes: expected a size/);
    const [delta, cumulative] = [memoryExporter({ accepts: 'delta' }), memoryExporter({ accepts: 'cumulative' })];
    expect(() => mirror(delta, [cumulative])).toThrow('mirror[1]: expected an exporter that accepts delta metrics');
  });
});
