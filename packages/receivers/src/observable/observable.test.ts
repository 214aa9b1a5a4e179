import { type Outlets, PipelineError } from '@otelier/core';
import { buildLogs, type LogsBatch } from '@otelier/otlp';
import { from, Subject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { testHost } from '../../test/harness.js';
import { type ObservableReceiverOptions, observableReceiver } from './observable.js';

const batch = (text: string) => buildLogs([{ records: [{ body: text }] }]);
const textOf = (logs: LogsBatch) => String([...logs.records()][0]?.body);

async function run(source$: Subject<LogsBatch>, options: Omit<ObservableReceiverOptions<'logs'>, 'signal'> = {}) {
  const arrived: string[] = [];
  const settle: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  const out: Outlets<'logs'> = {
    logs: (logs) => {
      arrived.push(textOf(logs));
      return new Promise<void>((resolve, reject) => void settle.push({ resolve, reject }));
    },
  };
  const host = testHost();
  const running = await observableReceiver(source$, { signal: 'logs', ...options }).start(out, host);
  return { ...running, arrived, settle, host };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('observableReceiver', () => {
  test('delivers everything and ends with its source', async () => {
    const arrived: string[] = [];
    const receiver = observableReceiver(from(['a', 'b', 'c'].map(batch)), { signal: 'logs', maxInFlight: 1 });
    const { done } = await receiver.start({ logs: async (logs) => void arrived.push(textOf(logs)) }, testHost());
    await done;
    expect(arrived).toEqual(['a', 'b', 'c']);
  });

  test('bounds what is inside and refuses what finds no place', async () => {
    const source$ = new Subject<LogsBatch>();
    const { arrived, settle, host, done } = await run(source$, { maxInFlight: 2, maxWaiting: 1 });
    for (const text of ['a', 'b', 'c', 'd']) source$.next(batch(text));
    expect(arrived).toEqual(['a', 'b']);
    expect(host.dropped).toEqual(['refused 1 full']);
    settle[0]?.resolve();
    await turn();
    expect(arrived).toEqual(['a', 'b', 'c']);
    source$.complete();
    settle[1]?.reject(new PipelineError('rejected', 'bad'));
    settle[2]?.resolve();
    await done;
    expect(host.lines.map(({ fields }) => fields)).toContainEqual({ code: 'rejected', reason: '[rejected] bad' });
  });

  test('drop-oldest keeps the newest', async () => {
    const source$ = new Subject<LogsBatch>();
    const { arrived, settle, host } = await run(source$, { maxInFlight: 1, maxWaiting: 1, whenFull: 'drop-oldest' });
    for (const text of ['a', 'b', 'c']) source$.next(batch(text));
    settle[0]?.resolve();
    await turn();
    expect(arrived).toEqual(['a', 'c']);
    expect(host.dropped).toEqual(['dropped 1 full']);
  });

  test('fail ends the receiver', async () => {
    const source$ = new Subject<LogsBatch>();
    const { settle, done, host } = await run(source$, { maxInFlight: 1, maxWaiting: 0, whenFull: 'fail' });
    for (const text of ['a', 'b', 'c']) source$.next(batch(text));
    settle[0]?.resolve();
    await expect(done).rejects.toThrow('[overloaded] the source pushed more than 1 batches at once');
    expect(host.dropped).toEqual(['refused 1 full']);
    expect(source$.observed).toBe(false);
  });

  test('an error of the source is the error of done', async () => {
    const source$ = new Subject<LogsBatch>();
    const { done } = await run(source$);
    source$.error(new Error('source broke'));
    await expect(done).rejects.toThrow('source broke');
  });

  test('stop unsubscribes and lets what is inside go on; close refuses what waits', async () => {
    const source$ = new Subject<LogsBatch>();
    const { arrived, settle, stop, close, done, host } = await run(source$, { maxInFlight: 1 });
    for (const text of ['a', 'b', 'c']) source$.next(batch(text));
    await stop();
    expect(source$.observed).toBe(false);
    settle[0]?.resolve();
    await turn();
    expect(arrived).toEqual(['a', 'b']);
    await close();
    expect(host.dropped).toEqual(['refused 1 full']);
    settle[1]?.resolve();
    await done;
  });

  test('options', () => {
    const source$ = new Subject<LogsBatch>();
    expect(() => observableReceiver(source$, { signal: 'logs', maxInFlight: 0 })).toThrow(
      'observableReceiver: maxInFlight: expected a whole number of at least 1',
    );
    expect(() => observableReceiver<'logs'>(source$, { signal: 'log' as never })).toThrow(
      'observableReceiver: signal: expected',
    );
  });
});
