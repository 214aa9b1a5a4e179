import { type AccountData, exporter, operator, PipelineError, processor, receiver, stage } from '@otelier/core';
import { LogsBatch } from '@otelier/otlp';
import { bufferTime, filter, map } from 'rxjs';
import { expect, test } from 'vitest';
import {
  assertConservation,
  type ExporterUnderTest,
  exporterContract,
  processorContract,
  type ReceiverUnderTest,
  receiverContract,
} from '../index.js';

const account: AccountData = {
  ...{ id: 'logs/events/x', kind: 'processor', name: 'x', signal: 'logs', pipeline: 'events' },
  ...{ in: 5, out: 3, held: 0, added: {}, dropped: { filtered: 2 }, refused: {}, failed: {}, noted: {} },
};

test('conservation: an account that balances passes, one that does not is named with its figures', () => {
  assertConservation({ 'logs/events/x': account });
  expect(() => assertConservation({ a: { ...account, out: 4 } })).toThrow(
    'logs/events/x: in 5 + added 0 ≠ out 4 + dropped 2 + refused 0 + held 0',
  );
});

test.each([
  ['hooks', () => processor('keep', { logRecord: () => true })],
  ['a filter', () => processor('drop', { logRecord: () => false })],
  [
    'a batch function',
    () => processor('merge', { logs: (batch) => LogsBatch.merge([batch]), metrics: (batch) => batch }),
  ],
  [
    'an operator with time',
    () =>
      operator('windows', {
        logs: (batches$) =>
          batches$.pipe(
            bufferTime(5),
            filter((held) => held.length > 0),
            map((held) => LogsBatch.merge(held)),
          ),
      }),
  ],
  ['a stage', () => stage('split', { logs: (next) => ({ consume: (batch, flow) => next(batch, flow) }) })],
] as const)('the processor contract holds for %s', async (_, make) => {
  await processorContract(make);
});

test('a processor that says yes early is found', async () => {
  const eager = () =>
    stage('eager', { logs: (next) => ({ consume: async (batch, flow) => void next(batch, flow).catch(() => {}) }) });
  await expect(processorContract(eager)).rejects.toThrow(
    'eager (logs) breaks its contract: the sender is told yes only after delivery',
  );
});

test('a processor that hides failures is found', async () => {
  const hides = () =>
    stage('hides', { logs: (next) => ({ consume: (batch, flow) => next(batch, flow).catch(() => {}) }) });
  await expect(processorContract(hides)).rejects.toThrow('a failure behind it reaches the sender');
});

function backend(classify = true): ExporterUnderTest {
  let how: 'take' | 'wait' | 'unavailable' | 'reject' = 'take';
  let taken = 0;
  let wake = (): void => {};
  return {
    exporter: exporter('memory-like', {
      logs: async (batch, flow) => {
        while (how === 'wait') {
          await new Promise<void>((resolve, reject) => {
            wake = resolve;
            flow.signal.addEventListener('abort', () => reject(new PipelineError('deadline', 'given up')));
          });
        }
        if (how === 'unavailable') throw new PipelineError('unavailable', 'down');
        if (how === 'reject') throw new PipelineError(classify ? 'rejected' : 'unavailable', 'bad');
        taken += batch.count;
      },
    }),
    answer(next) {
      how = next;
      wake();
    },
    taken: () => taken,
  };
}

test('the exporter contract holds for one that waits, classifies and gives up', async () => {
  await exporterContract(() => backend());
});

test('an exporter that calls a final refusal retryable is found', async () => {
  await expect(exporterContract(() => backend(false))).rejects.toThrow(
    "memory-like breaks its contract: 'reject' is not retryable",
  );
});

function door(early: boolean): ReceiverUnderTest {
  let consume: ((batch: LogsBatch) => Promise<void>) | undefined;
  const send = async (): Promise<'taken' | 'try again' | 'refused'> => {
    if (consume === undefined) return 'try again';
    const batch = LogsBatch.fromJson(
      '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"x"}}]}]}]}',
    );
    const sent = consume(batch);
    if (early) {
      sent.catch(() => {});
      return 'taken';
    }
    return sent.then(
      () => 'taken',
      (error: unknown) => (PipelineError.from(error).retryable ? 'try again' : 'refused'),
    );
  };
  return {
    receiver: receiver('door', ['logs'], async (out, host) => {
      consume = (batch) => out.logs!(batch, host.flow());
      const stop = async (): Promise<void> => {
        consume = undefined;
      };
      return { stop, close: stop };
    }),
    send,
  };
}

test('the receiver contract holds for one that answers with the outcome', async () => {
  await receiverContract(() => door(false));
});

test('a receiver that says yes early is found', async () => {
  await expect(receiverContract(() => door(true))).rejects.toThrow(
    'door breaks its contract: a client is told yes only after delivery',
  );
});
