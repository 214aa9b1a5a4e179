import type { Processor } from '@otelier/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyPoint, noon, request } from '../../test/fleet.js';
import { Section } from '../../test/section.js';
import { cumulativeToDelta } from '../cumulative-to-delta/cumulative-to-delta.js';
import { deltaToCumulative } from '../delta-to-cumulative/delta-to-cumulative.js';

const converters: [string, 'delta' | 'cumulative', () => Processor<'metrics'>][] = [
  ['cumulativeToDelta', 'cumulative', () => cumulativeToDelta({ nonMonotonic: true })],
  ['cumulativeToDelta, full', 'cumulative', () => cumulativeToDelta({ maxStreams: 5 })],
  ['deltaToCumulative', 'delta', () => deltaToCumulative()],
  ['deltaToCumulative, full', 'delta', () => deltaToCumulative({ maxStreams: 3 })],
  ['deltaToCumulative, strict', 'delta', () => deltaToCumulative({ overlaps: 'drop', seed: false })],
];

const step = fc.record({
  points: fc.array(anyPoint, { maxLength: 6 }),
  undo: fc.boolean(),
  detour: fc.array(anyPoint, { maxLength: 4 }),
  after: fc.constantFrom('', '', 'restart', 'reload'),
});

describe.each(converters)('the state of %s', (_, temporality, make) => {
  test('bears no trace of what was undone, and goes on after a restart as if there had been none', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const plain = new Section(make(), noon);
        let other = new Section(make(), noon);
        for (const { points, undo, detour, after } of steps) {
          const bytes = request(points, temporality).bytes();
          if (undo) {
            await other.pass(request(detour, temporality).bytes());
            other.state.undo();
            await other.pass(bytes);
            other.state.undo();
          }
          const expected = (await plain.pass(bytes)).map((batch) => batch.toJson());
          plain.save();
          expect((await other.pass(bytes)).map((batch) => batch.toJson())).toEqual(expected);
          other.save();
          if (after === 'restart') other = other.restart();
          if (after === 'reload') other = other.reload();
        }
        const whole = (of: Section) => of.reload().disk.size;
        expect(whole(other)).toBe(whole(plain));
      }),
      { numRuns: 60 },
    );
  });

  test('what is on disk is what a snapshot says', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const section = new Section(make(), noon);
        for (const { points, undo } of steps) {
          await section.pass(request(points, temporality).bytes());
          if (undo) section.state.undo();
          else section.save();
        }
        section.save();
        expect([...section.disk.read()]).toEqual([...section.reload().disk.read()]);
      }),
      { numRuns: 50 },
    );
  });
});

const hour = 3_600_000;

describe('a series that is silent', () => {
  test('is forgotten in steps of a bounded number, on disk too', async () => {
    const section = new Section(deltaToCumulative({ maxStale: '1h' }), noon);
    const points = fc
      .sample(anyPoint, 400)
      .map((p, i) => ({ ...p, kind: 'int' as const, value: 1n, flags: 0, series: i }));
    await section.pass(request(points, 'delta').bytes());
    section.save();
    const full = section.disk.size;
    section.now += 2 * hour;
    const sizes: number[] = [];
    for (let n = 0; n < 40; n++) {
      section.save();
      await section.pass(request([{ ...points[0]!, time: 70 + n }], 'delta').bytes());
      section.save();
      sizes.push(section.disk.size);
    }
    expect(full).toBe(800);
    expect(full - sizes[0]!).toBeLessThan(100);
    expect(sizes.at(-1)).toBe(2);
    expect(section.noted.forgotten).toBeGreaterThanOrEqual(399);
  });

  test('has the time that the process was not there for free', async () => {
    const section = new Section(deltaToCumulative({ maxStale: '1h', seed: false }), noon);
    const [point] = fc.sample(anyPoint, 1);
    const one = { ...point!, kind: 'int' as const, value: 1n, flags: 0, time: 10, start: 5 };
    await section.pass(request([one], 'delta').bytes());
    section.save();
    section.now += 5 * hour;
    const later = section.restart();
    later.save();
    const [out] = await later.pass(request([{ ...one, time: 20 }], 'delta').bytes());
    expect([...out!.points()].map((p) => (p as unknown as { value: number }).value)).toEqual([2]);
  });
});
