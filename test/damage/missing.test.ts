import type { Processor } from '@otelier/core';
import { buildMetrics } from '@otelier/otlp';
import { aggregate, cumulativeToDelta, deltaToCumulative, dropAttributes } from '@otelier/processors';
import { fakeClock, memoryStore, testPipeline } from '@otelier/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const processors: Readonly<Record<string, () => Processor<'metrics'>>> = {
  aggregate: () => aggregate({ interval: '1h' }),
  cumulativeToDelta: () => cumulativeToDelta({ nonMonotonic: true }),
  deltaToCumulative: () => deltaToCumulative(),
  dropAttributes: () => dropAttributes(['user']),
};
const noon = Date.UTC(2026, 0, 15, 12);

/** Series of every kind that is kept. */
function points(step: number) {
  const start = BigInt(noon) * 1_000_000n;
  const time = start + BigInt(step) * 100_000_000_000n;
  const numbers = [1, 2, 3].map((user) => ({
    ...{ startTimeUnixNano: start, timeUnixNano: time, value: user * step, attributes: { user } },
  }));
  const kinds = (['delta', 'cumulative'] as const).flatMap((temporality) =>
    [true, false].map((monotonic) => ({
      name: `${temporality} ${monotonic}`,
      sum: { temporality, monotonic, points: numbers },
    })),
  );
  return buildMetrics([{ metrics: [...kinds, { name: 'gauge', gauge: { points: numbers } }] }]);
}

test.for(Object.keys(processors))('%s goes on from whatever is left of its state', async (name) => {
  await fc.assert(
    fc.asyncProperty(fc.infiniteStream(fc.boolean()), async (stays) => {
      const store = memoryStore();
      const clock = fakeClock(noon + 3_600_000);
      const first = await testPipeline([processors[name]!()], { clock, store });
      for (const step of [1, 2]) await first.send(points(step));
      const left = store.crash();
      const keys = [...left.keys(Buffer.alloc(0))].filter(() => stays.next().value === false);
      await left.commit(keys.map((key) => [key, undefined]));
      const again = await testPipeline([processors[name]!()], { clock, store: left });
      await again.send(points(3));
      await again.end();
      const { in: taken } = Object.values(again.accounts()).find(({ id }) => id.startsWith('metrics/test/'))!;
      expect(taken).toBe(points(3).count);
    }),
    { numRuns: Number(process.env.OTELIER_FUZZ_RUNS ?? 12) },
  );
});
