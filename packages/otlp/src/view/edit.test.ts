import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editLogs, editMetrics, editTraces, type Model, settled, Tape } from '../../test/editing.js';
import { officialMeaning } from '../../test/oracle.js';
import { numRuns, requests } from '../../test/requests.js';
import { LogsBatch } from '../logs/logs-batch.js';
import { MetricsBatch } from '../metrics/metrics-batch.js';
import { TracesBatch } from '../traces/traces-batch.js';
import type { Signal } from '../wire/signal.js';
import type { OtlpBatch } from './batch.js';

const tape = fc.array(fc.nat(5040), { minLength: 1, maxLength: 60 });
const meaning = (signal: Signal, bytes: Uint8Array) => settled(officialMeaning(signal, bytes));

/** Several traversals over a batch and over forks made between them; in the end each must be what its own model says. */
function session<B extends OtlpBatch>(
  first: B,
  edit: (tape: Tape, batch: B, model: Model) => void,
  numbers: readonly number[],
): void {
  const choices = new Tape(numbers);
  const source = first.bytes();
  const original = Buffer.from(source);
  const all: { batch: B; model: Model }[] = [{ batch: first, model: meaning(first.signal, source) as Model }];
  for (let step = 1 + choices.next(4); step > 0; step--) {
    const one = all[choices.next(all.length)]!;
    if (choices.next(3) === 0)
      all.push({ batch: one.batch.fork(), model: structuredClone(settled(one.model)) as Model });
    edit(choices, one.batch, one.model);
    one.model = settled(one.model) as Model;
    if (choices.next(3) === 0) one.batch.own();
    if (choices.next(2) === 0) expect(one.batch.count).toBe(one.batch.fork().count);
  }
  for (const { batch, model } of all) {
    const count = batch.count;
    expect(meaning(batch.signal, batch.bytes())).toEqual(settled(model));
    expect(count).toBe(batch.split({ maxCount: 1 }).reduce((n, part) => n + part.count, 0));
  }
  // Bytes that were handed out never change.
  expect(source.equals(original)).toBe(true);
}

describe('random edits through views leave what the same edits on plain objects leave', () => {
  for (const owned of [true, false]) {
    test(`logs, ${owned ? 'owned' : 'shared'}`, () => {
      fc.assert(
        fc.property(requests.logs, tape, (bytes, numbers) => {
          session(new LogsBatch(Buffer.from(bytes), owned), editLogs, numbers);
        }),
        { numRuns },
      );
    });

    test(`metrics, ${owned ? 'owned' : 'shared'}`, () => {
      fc.assert(
        fc.property(requests.metrics, tape, (bytes, numbers) => {
          session(new MetricsBatch(Buffer.from(bytes), owned), editMetrics, numbers);
        }),
        { numRuns },
      );
    });

    test(`traces, ${owned ? 'owned' : 'shared'}`, () => {
      fc.assert(
        fc.property(requests.traces, tape, (bytes, numbers) => {
          session(new TracesBatch(Buffer.from(bytes), owned), editTraces, numbers);
        }),
        { numRuns },
      );
    });
  }
});
