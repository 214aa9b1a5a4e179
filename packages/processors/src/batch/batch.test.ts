import { type AnyBatch, PipelineError, processor } from '@otelier/core';
import { LogsBatch } from '@otelier/otlp';
import { claudeCode, testPipeline } from '@otelier/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { batch, batched } from './batch.js';

const session = claudeCode;
const prompt = (text = 'hi'): AnyBatch => session.userPrompt({ prompt: text });
const prompts = (count: number): LogsBatch =>
  LogsBatch.merge(Array.from({ length: count }, (_, i) => session.userPrompt({ prompt: `prompt ${i}` })));
const turn = () => new Promise((resolve) => setImmediate(resolve));
const failed = (answer: Promise<unknown>) =>
  answer.then(
    () => 'delivered',
    (error: PipelineError) => error.code,
  );

describe('batch', () => {
  test('sends what came within the timeout as one batch, and answers nobody earlier', async () => {
    await using run = await testPipeline([batch({ timeout: '200ms' })]);
    let answered = 0;
    const answers = [prompt(), prompts(3), prompt()].map((each) => run.send(each).then(() => answered++));
    await run.clock.advance(199);
    expect([run.received.logs.length, answered]).toEqual([0, 0]);
    await run.clock.advance(1);
    await Promise.all(answers);
    expect(run.received.logs.map(({ count }) => count)).toEqual([5]);
  });

  test('merges by concatenation: resources and order stay', async () => {
    await using run = await testPipeline([batch()]);
    const parts = [prompts(2), prompts(1)];
    const expected = Buffer.concat(parts.map((each) => each.bytes()));
    const answers = parts.map((each) => run.send(each));
    await run.clock.advance(200);
    await Promise.all(answers);
    expect(run.received.logs[0]?.bytes().equals(expected)).toBe(true);
  });

  test('sends at once when there are items enough', async () => {
    await using run = await testPipeline([batch({ timeout: '1h', maxItems: 4 })]);
    const { timers } = run.clock;
    await Promise.all([run.send(prompts(2)), run.send(prompts(2))]);
    expect(run.received.logs.map(({ count }) => count)).toEqual([4]);
    expect(run.clock.timers).toBe(timers);
  });

  test('sends what it holds before a request that would not fit, and splits only one too large by itself', async () => {
    await using run = await testPipeline([batch({ timeout: '1h', maxItems: 4 })]);
    await Promise.all([run.send(prompts(3)), run.send(prompts(10))]);
    expect(run.received.logs.map(({ count }) => count)).toEqual([3, 4, 4, 2]);
  });

  test('keeps to the limit in bytes', async () => {
    const size = prompts(1).size;
    await using run = await testPipeline([batch({ timeout: '1h', maxBytes: `${size * 2}B` })]);
    await Promise.all([prompts(1), prompts(1), prompts(1), prompts(1)].map((each) => run.send(each)));
    expect(run.received.logs.map(({ count }) => count)).toEqual([2, 2]);
  });

  test('a failure reaches every sender', async () => {
    await using run = await testPipeline([batch()]);
    run.exporter.refuse(1, new PipelineError('overloaded', 'later', { retryAfterMs: 1000 }));
    const answers = [run.send(prompt()), run.send(prompt())].map(failed);
    await run.clock.advance(200);
    expect(await Promise.all(answers)).toEqual(['overloaded', 'overloaded']);
  });

  test('refused items are told to the senders, once each', async () => {
    const refuseTwo = processor('refuse-two', {
      logs: (merged, flow) => {
        let left = 2;
        merged.filter(() => left-- <= 0);
        flow.refuse(2, 'not wanted');
      },
    });
    await using run = await testPipeline([batch(), refuseTwo]);
    const answers = [run.send(prompt()), run.send(prompts(3))];
    await run.clock.advance(200);
    const told = await Promise.all(answers);
    expect(told.reduce((sum, { refused }) => sum + refused, 0)).toBe(2);
    expect(told[0]?.refusal).toContain('not wanted');
  });

  test('a sender that gives up while waiting takes its items back', async () => {
    await using run = await testPipeline([batch()]);
    const controller = new AbortController();
    const gone = failed(run.send(prompts(2), { signal: controller.signal }));
    const stays = run.send(prompts(3));
    await turn();
    controller.abort();
    expect(await gone).toBe('deadline');
    await run.clock.advance(200);
    await stays;
    expect(run.received.logs.map(({ count }) => count)).toEqual([3]);
  });

  test('a sender that gives up later does not stop the others; when all have, the delivery is stopped', async () => {
    await using run = await testPipeline([batch()]);
    const release = run.exporter.hold();
    const [one, other] = [new AbortController(), new AbortController()];
    const answers = [one, other].map(({ signal }) => failed(run.send(prompt(), { signal })));
    await run.clock.advance(200);
    one.abort();
    await turn();
    expect(run.exporter.attempts).toBe(1);
    other.abort();
    expect((await Promise.all(answers)).includes('delivered')).toBe(false);
    release();
  });

  test('drains', async () => {
    const run = await testPipeline([batch({ timeout: '1h' })]);
    const answer = run.send(prompts(3));
    await turn();
    await run.end();
    await answer;
    expect(run.received.logs.map(({ count }) => count)).toEqual([3]);
  });

  test('takes back nothing from a batch that was forked before', async () => {
    await using run = await testPipeline([batch()]);
    const original = prompts(2);
    const before = Buffer.from(original.bytes());
    const answers = [run.send(original.fork()), run.send(prompts(1))];
    await run.clock.advance(200);
    await Promise.all(answers);
    for (const record of run.received.logs[0]!.records()) record.attributes.set('prompt', 'changed');
    run.received.logs[0]!.bytes();
    expect(original.bytes().equals(before)).toBe(true);
  });

  test('whatever comes, every item is delivered once and no batch is over the limit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 20 }),
        fc.integer({ min: 1, max: 20 }),
        async (sizes, maxItems) => {
          await using run = await testPipeline([batch({ maxItems })]);
          const answers = sizes.map((size) => run.send(prompts(size)));
          await run.clock.advance(200);
          await Promise.all(answers);
          const counts = run.received.logs.map(({ count }) => count);
          expect(counts.every((count) => count <= maxItems)).toBe(true);
          expect(counts.reduce((sum, count) => sum + count, 0)).toBe(sizes.reduce((sum, size) => sum + size, 0));
        },
      ),
      { numRuns: 25 },
    );
  });

  test('never merges requests of different identities, whatever comes in, unless it may', async () => {
    const sender = fc.constantFrom('ada', 'grace', 'nobody');
    const peerOf = (name: string) =>
      name === 'nobody' ? {} : { peer: { address: String(Math.random()), identity: { key: name, claims: { name } } } };
    await fc.assert(
      fc.asyncProperty(
        fc.array(sender, { minLength: 1, maxLength: 20 }),
        fc.boolean(),
        async (names, mixIdentities) => {
          const seen: (string | undefined)[] = [];
          const watch = processor('watch', { logs: (_batch, flow) => void seen.push(flow.peer?.identity?.key) });
          await using run = await testPipeline([batch({ mixIdentities }), watch]);
          const answers = names.map((name) => run.send(session.userPrompt({ prompt: `from ${name}` }), peerOf(name)));
          await run.clock.advance(200);
          await Promise.all(answers);
          const authors = run.received.logs.map((each) => {
            const prompted = Array.from(each.records(), (record) => String(record.attributes.get('prompt')));
            return [...new Set(prompted)];
          });
          if (mixIdentities) expect(authors).toHaveLength(1);
          else {
            expect(authors.every((each) => each.length === 1)).toBe(true);
            expect(authors).toHaveLength(new Set(names).size);
            expect(seen.map((key) => `from ${key ?? 'nobody'}`)).toEqual(authors.flat());
          }
          expect(run.received.logs.reduce((sum, { count }) => sum + count, 0)).toBe(names.length);
        },
      ),
      { numRuns: 40 },
    );
  });

  test.each([
    [{ timeout: '200' }, 'batch: timeout'],
    [{ maxItems: 0 }, 'batch: maxItems'],
    [{ maxBytes: 5 }, 'batch: maxBytes'],
    [{ send_batch_size: 5 }, 'batch: send_batch_size'],
  ])('refuses the options %j', (options, path) => {
    expect(() => batch(options as never)).toThrow(path);
  });
});

test('batched() does the same in front of any function', async () => {
  const sent: number[] = [];
  const stage = batched('logs', async ({ count }) => void sent.push(count), { timeout: '1h' });
  const flow = { signal: new AbortController().signal, refuse() {}, drop() {}, add() {} };
  const answers = [stage.consume(prompts(1), flow), stage.consume(prompts(2), flow)];
  await stage.flush();
  await Promise.all(answers);
  expect(sent).toEqual([3]);
});
