import { LogsBatch } from '@otelier/otlp';
import {
  bufferCount,
  bufferTime,
  delay,
  EMPTY,
  filter,
  map,
  mergeMap,
  NEVER,
  type Observable,
  of,
  take,
  throwError,
} from 'rxjs';
import { describe, expect, test } from 'vitest';
import { deferred, eventNames, logs, logsCollector, ManualClock, memory, turn } from '../fakes/ends.js';
import {
  type Collector,
  type CollectorEvent,
  ConfigError,
  derive,
  discard,
  type OperatorOptions,
  operator,
  PipelineError,
  processor,
} from '../index.js';

type Operate = (batches$: Observable<LogsBatch>) => Observable<LogsBatch>;

async function running(
  logsOperator: Operate,
  options: OperatorOptions & { end?: ReturnType<typeof memory>; clock?: ManualClock } = {},
) {
  const { end = memory(), clock, ...rest } = options;
  const collector = logsCollector(
    [operator('held', { logs: logsOperator }, rest)],
    [end.exporter],
    clock === undefined ? {} : { clock },
  );
  const events: CollectorEvent[] = [];
  collector.events$.subscribe((event) => events.push(event));
  await collector.start();
  const input = collector.input('logs');
  return { collector, end, events, send: (batch: LogsBatch) => input(batch, collector.flow()) };
}

/** How a promise stands, without waiting for it. */
function standing(promise: Promise<unknown>): Promise<string> {
  const settled = promise.then(
    () => 'acknowledged',
    (error: PipelineError) => error.code,
  );
  return Promise.race([
    settled,
    turn()
      .then(turn)
      .then(() => 'open'),
  ]);
}

const account = (collector: Collector) => collector.accounts()['logs/events/held'];
const pairs: Operate = (batches$) =>
  batches$.pipe(
    bufferCount(2),
    map((held) => LogsBatch.merge(held)),
  );
const swallow: Operate = (batches$) => batches$.pipe(filter(() => false));

describe('an operator', () => {
  test('acknowledges all whose batches were merged when the merged batch is delivered', async () => {
    const answer = deferred();
    const end = memory(() => answer.promise);
    const { send, collector } = await running(pairs, { end });
    const [first, second] = [send(logs(1, 'a')), send(logs(2, 'b'))];
    expect([await standing(first), await standing(second)]).toEqual(['open', 'open']);
    answer.resolve();
    await Promise.all([first, second]);
    expect(end.got.map(eventNames)).toEqual([['a-0', 'b-0', 'b-1']]);
    expect(account(collector)).toMatchObject({ in: 3, out: 3, dropped: {}, held: 0 });
    await collector.shutdown();
  });

  test('tells all of them when the merged batch fails', async () => {
    const end = memory(async () => Promise.reject(new PipelineError('overloaded', 'backend', { retryAfterMs: 5 })));
    const { send, collector } = await running(pairs, { end });
    const [first, second] = [send(logs(1)), send(logs(2))];
    await expect(first).rejects.toMatchObject({ code: 'overloaded', retryAfterMs: 5 });
    await expect(second).rejects.toMatchObject({ code: 'overloaded' });
    expect(account(collector)).toMatchObject({ in: 3, out: 3, refused: {}, held: 0 });
    await collector.shutdown();
  });

  test('tells the senders of a merged batch, between them, of every item that is refused after it', async () => {
    const refuse = processor('refuse', {
      logRecord: (record, flow) => {
        if (record.eventName !== 'b-0') return true;
        flow.refuse(1, 'is b-0');
        return false;
      },
    });
    const collector = logsCollector([operator('held', { logs: pairs }), refuse], [memory().exporter]);
    await collector.start();
    const flows = [collector.flow(), collector.flow()];
    await Promise.all(flows.map((flow, index) => collector.input('logs')(logs(1, 'ab'[index]), flow)));
    expect(flows.reduce((total, { refused }) => total + refused, 0)).toBe(1);
    await collector.shutdown();
  });

  test('acknowledges a batch that was split when the last part is delivered', async () => {
    const answers = [deferred(), deferred(), deferred()];
    let calls = 0;
    const end = memory(() => answers[calls++]!.promise);
    const { send, collector } = await running(
      (batches$) => batches$.pipe(mergeMap((batch) => batch.split({ maxCount: 2 }))),
      { end },
    );
    const sent = send(logs(5));
    answers[2]?.resolve();
    answers[0]?.resolve();
    expect(await standing(sent)).toBe('open');
    answers[1]?.resolve();
    await sent;
    expect(account(collector)).toMatchObject({ in: 5, out: 5 });
    await collector.shutdown();
  });

  test('waits for both handles of a fork', async () => {
    const answer = deferred();
    let calls = 0;
    const end = memory(() => (calls++ === 0 ? Promise.resolve() : answer.promise));
    const { send, collector } = await running((batches$) => batches$.pipe(mergeMap((batch) => [batch.fork(), batch])), {
      end,
    });
    const sent = send(logs(1));
    expect(await standing(sent)).toBe('open');
    answer.resolve();
    await sent;
    expect(account(collector)).toMatchObject({ in: 1, out: 2, added: { made: 1 } });
    await collector.shutdown();
  });

  test('keeps the acknowledgement of a batch that is edited in place', async () => {
    const dropFirst: Operate = (batches$) =>
      batches$.pipe(
        map((batch) => {
          batch.filter((record) => record.eventName !== 'event-0');
          return batch;
        }),
      );
    const { send, end, collector } = await running(dropFirst);
    await send(logs(3));
    expect(end.got.map(eventNames)).toEqual([['event-1', 'event-2']]);
    expect(account(collector)).toMatchObject({ in: 3, out: 2, dropped: { filtered: 1 } });
    await collector.shutdown();
  });

  test('follows batches built from scratch when told what they derive from', async () => {
    const answer = deferred();
    const summary: Operate = (batches$) =>
      batches$.pipe(
        bufferCount(2),
        map((held) => derive(held, logs(1, 'summary'))),
      );
    const { send, collector } = await running(summary, { end: memory(() => answer.promise) });
    const sent = [send(logs(3)), send(logs(2))];
    expect(await standing(sent[0]!)).toBe('open');
    answer.resolve();
    await Promise.all(sent);
    expect(account(collector)).toMatchObject({ in: 5, out: 1, dropped: { filtered: 4 }, held: 0 });
    await collector.shutdown();
  });

  test('acknowledges what is discarded, and counts it', async () => {
    const { send, collector } = await running((batches$) =>
      batches$.pipe(
        mergeMap((batch) => {
          discard(batch);
          return EMPTY;
        }),
      ),
    );
    await send(logs(2));
    expect(account(collector)).toMatchObject({ in: 2, dropped: { discarded: 2 }, held: 0 });
    await collector.shutdown();
  });

  test('gives back what it swallowed, by its name, after the hold time', async () => {
    const clock = new ManualClock();
    const { send, collector } = await running(swallow, { clock, hold: '5s' });
    const first = send(logs(1));
    clock.advance(4000);
    const second = send(logs(2));
    clock.advance(999);
    expect(await standing(first)).toBe('open');
    clock.advance(1);
    await expect(first).rejects.toThrow('[unavailable] held neither passed on nor discarded this batch within 5000 ms');
    expect(await standing(second)).toBe('open');
    clock.advance(4000);
    expect(await standing(second)).toBe('unavailable');
    expect(account(collector)).toMatchObject({ in: 3, refused: { unavailable: 3 }, held: 0 });
    await collector.shutdown();
  });

  test('does not deliver what it has already given back', async () => {
    const clock = new ManualClock();
    const late = deferred();
    const slow: Operate = (batches$) => batches$.pipe(mergeMap((batch) => late.promise.then(() => batch)));
    const { send, end, collector } = await running(slow, { clock, hold: '5s' });
    const sent = send(logs(1)).catch((error: PipelineError) => error.code);
    clock.advance(5000);
    expect(await sent).toBe('unavailable');
    late.resolve();
    await turn();
    expect(end.got.length).toBe(0);
    await collector.shutdown();
  });

  test('refuses the batch on which it failed, gives back the others, and goes on', async () => {
    let calls = 0;
    const poisoned: Operate = (batches$) =>
      batches$.pipe(
        map((batch) => {
          if (++calls === 2) throw new Error('secret contents');
          return batch;
        }),
        bufferCount(2),
        map((held) => LogsBatch.merge(held)),
      );
    const { send, events, collector } = await running(poisoned);
    const [held, poison] = [send(logs(1)), send(logs(2))];
    await expect(poison).rejects.toThrow('[internal] held failed on this batch');
    await expect(held).rejects.toMatchObject({ code: 'unavailable' });
    expect(events).toContainEqual({ type: 'restarted', component: 'logs/events/held', reason: 'internal' });
    await Promise.all([send(logs(3)), send(logs(4))]);
    expect(account(collector)).toMatchObject({ in: 10, out: 7, refused: { unavailable: 1, internal: 2 }, held: 0 });
    await collector.shutdown();
  });

  test.each<[string, Operate]>([
    [
      'throws when it is subscribed',
      () => {
        throw new Error('bug');
      },
    ],
    ['fails at once', () => throwError(() => new Error('bug'))],
    ['ends at once', () => EMPTY],
  ])('that %s refuses every batch and never hangs', async (_, operate) => {
    const { send, collector } = await running(operate);
    for (let i = 0; i < 3; i++) await expect(send(logs(1))).rejects.toMatchObject({ code: 'unavailable' });
    expect(account(collector)).toMatchObject({ in: 3, refused: { unavailable: 3 } });
    await collector.shutdown();
  });

  test('that ends by itself begins anew with the next batch', async () => {
    const { send, end, collector } = await running((batches$) => batches$.pipe(take(1)));
    await send(logs(1));
    await send(logs(1));
    expect(end.got.length).toBe(2);
    await collector.shutdown();
  });

  test('refuses more than it may hold', async () => {
    const { send, collector } = await running(() => NEVER, { maxHeld: 2 });
    const open = [send(logs(1)), send(logs(1))].map((sent) => sent.catch(() => {}));
    await expect(send(logs(1))).rejects.toMatchObject({ code: 'overloaded', retryAfterMs: 1000 });
    await collector.shutdown({ deadline: '0s' });
    await Promise.all(open);
  });

  test('gives up a window at once when the collector drains', async () => {
    const window: Operate = (batches$) =>
      batches$.pipe(
        bufferTime(3_600_000),
        filter((held) => held.length > 0),
        map((held) => LogsBatch.merge(held)),
      );
    const { send, end, collector } = await running(window);
    const sent = [send(logs(1)), send(logs(2))];
    expect(await collector.shutdown()).toMatchObject({ delivered: 3, clean: true });
    await Promise.all(sent);
    expect(end.got.length).toBe(1);
  });

  test('is waited for at a drain while it works', async () => {
    const { send, collector } = await running((batches$) => batches$.pipe(delay(5)));
    const sent = send(logs(1));
    expect(await collector.shutdown()).toMatchObject({ delivered: 1, clean: true });
    await sent;
  });

  test('may emit batches of its own', async () => {
    const { end, send, collector } = await running((batches$) =>
      batches$.pipe(mergeMap((batch) => of(batch, logs(1, 'own')))),
    );
    await send(logs(1));
    await turn();
    expect(end.got.map(eventNames)).toEqual([['event-0'], ['own-0']]);
    expect(account(collector)).toMatchObject({ in: 1, out: 2, added: { made: 1 }, held: 0 });
    await collector.shutdown();
  });
});

test('the bounds of an operator are checked when it is made', () => {
  expect(() => operator('held', { logs: pairs }, { hold: '5' as '5s' })).toThrow(ConfigError);
  expect(() => operator('held', { logs: pairs }, { maxHeld: 0 })).toThrow(
    'held: maxHeld: expected a whole number above 0',
  );
});
