import { fakeClock } from '@otelier/testing';
import { describe, expect, test } from 'vitest';
import type { Logger } from '../host.js';
import { Budget, equalShares } from './budget.js';
import { Pressure, processGauges } from './pressure.js';
import { residentBytes } from './resident.js';

const mib = 1024 ** 2;

/** A pressure of which the test sets the gauges; `after` lets the time of one look pass. */
function watched(limitBytes: number | undefined) {
  const budget = new Budget({ bytes: 64 * mib, shares: equalShares });
  const lines: string[] = [];
  const log = (level: string) => (_: object, message: string) => void lines.push(`${level}: ${message}`);
  const logger: Logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
  const gauges = { memoryBytes: 0, share: 0, presses: 0, collections: 0 };
  const clock = fakeClock();
  const pressure = new Pressure(budget, limitBytes, clock, logger, {
    memory: () => gauges.memoryBytes,
    busy: () => gauges.share,
    press: () => void gauges.presses++,
    collect: () => void gauges.collections++,
  });
  pressure.start();
  const after = async (memoryBytes: number) => {
    gauges.memoryBytes = memoryBytes;
    await clock.advance(250);
    return budget.acquire(0) === undefined ? 0 : roomOf(budget);
  };
  return { budget, lines, gauges, clock, pressure, after };
}

/** The most that is admitted beside something else, in MiB. */
function roomOf(budget: Budget): number {
  const one = budget.hold(1);
  let bytes = 64 * mib;
  while (bytes > 1) {
    const lease = budget.acquire(bytes - 1);
    lease?.release();
    if (lease !== undefined) break;
    bytes /= 2;
  }
  one.release();
  return bytes / mib;
}

describe('memory', () => {
  test('beyond nine tenths of the limit the budget is halved at each look, below eight tenths it is doubled', async () => {
    const { after, lines, pressure } = watched(100 * mib);
    expect(await after(90 * mib)).toBe(64);
    expect(await after(91 * mib)).toBe(32);
    expect(pressure.isTight).toBe(true);
    expect(await after(91 * mib)).toBe(16);
    // Neither more nor less in between.
    expect(await after(85 * mib)).toBe(16);
    expect(await after(79 * mib)).toBe(32);
    expect(await after(79 * mib)).toBe(64);
    expect(pressure.isTight).toBe(false);
    expect(lines).toEqual([
      'warn: memory is nearly used up: fewer bytes are let in flight until it has fallen',
      'debug: memory has fallen, all is let in again',
    ]);
    // What comes again within a minute is the same episode.
    expect(await after(91 * mib)).toBe(32);
    expect(lines).toHaveLength(2);
  });

  test.each([
    ['V8 is pressed each second', 92 * mib, 1, 15, 0],
    ['and now and then without work', 92 * mib, 0, 3, 0],
    ['and what that leaves is collected when it is urgent', 1000 * mib, 1, 12, 3],
    ['also without work', 1000 * mib, 0, 1, 2],
  ])(
    'however long it lasts, something is let in, one line is logged, and %s',
    async (_, memory, share, presses, collections) => {
      const { after, lines, gauges } = watched(100 * mib);
      gauges.share = share;
      let room = 0;
      for (let i = 0; i < 60; i++) room = await after(memory);
      // 100 MiB / 64
      expect(room).toBe(1);
      expect(lines).toHaveLength(1);
      expect(gauges).toMatchObject({ presses, collections });
    },
  );

  test('V8 is pressed before anything is squeezed, and not before that', async () => {
    const { after, gauges } = watched(100 * mib);
    expect(await after(85 * mib)).toBe(64);
    expect(gauges.presses).toBe(0);
    expect(await after(86 * mib)).toBe(64);
    expect(gauges.presses).toBe(1);
  });

  test('without a limit nothing is squeezed', async () => {
    const { after, lines } = watched(undefined);
    expect(await after(1e15)).toBe(64);
    expect(lines).toEqual([]);
  });

  test('a look ends with the collector', async () => {
    const { after, pressure } = watched(100 * mib);
    pressure.close();
    expect(await after(1000 * mib)).toBe(64);
  });

  test('what this process uses, and what a collection gives back', () => {
    const bytes = residentBytes();
    expect(bytes()).toBeGreaterThan(20 * mib);
    expect(bytes()).toBeLessThanOrEqual(process.memoryUsage.rss() * 1.4);
    const before = bytes();
    const block = Buffer.alloc(64 * mib, 1);
    expect(bytes() - before).toBeGreaterThan(block.length / 2);
    const gauges = processGauges(bytes);
    let garbage: object | undefined = { block: 1 };
    const seen = new WeakRef(garbage);
    garbage = undefined;
    return new Promise((resolve) => setImmediate(resolve)).then(() => {
      gauges.collect();
      expect(seen.deref()).toBeUndefined();
    });
  });
});

describe('garbage', () => {
  const gauges = processGauges(() => 0);
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  /** Whether what has grown old is collected while a little is allocated, after `first`. */
  async function goes(first: () => void): Promise<boolean> {
    let gone = false;
    // To look at a weak reference would keep it for one more time.
    const registry = new FinalizationRegistry(() => {
      gone = true;
    });
    const held = [grownOld(registry)];
    await turn();
    // V8 has looked just now, and sees no need for a while.
    gauges.collect();
    await turn();
    held.length = 0;
    first();
    for (let i = 0; i < 100 && !gone; i++) {
      Array.from({ length: 10_000 }, () => ({}));
      await turn();
    }
    return gone;
  }

  function grownOld(registry: FinalizationRegistry<undefined>): object {
    const object = {};
    registry.register(object, undefined);
    return object;
  }

  test('that is old goes soon when V8 is pressed, and stays otherwise', async () => {
    expect(await goes(() => {})).toBe(false);
    expect(await goes(gauges.press)).toBe(true);
  });
});

describe('refusals', () => {
  test('wait longer while they come and the event loop has no time left, and shorter afterwards', async () => {
    const { budget, gauges, after } = watched(undefined);
    budget.hold(64 * mib);
    const refused = async (share: number, requests: number) => {
      gauges.share = share;
      for (let i = 0; i < requests; i++) budget.acquire(1);
      gauges.memoryBytes = 0;
      await after(0);
      return budget.refuseAfterMs;
    };
    expect(await refused(0.5, 1000)).toBe(0);
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) waits.push(await refused(0.95, 1000));
    expect(waits).toEqual([16, 32, 64, 128, 256, 512, 512, 512]);
    expect(await refused(0.8, 1000)).toBe(512);
    for (let i = 0; i < 8; i++) waits.push(await refused(0.5, 1000));
    expect(waits.slice(8)).toEqual([256, 128, 64, 32, 16, 0, 0, 0]);
  });
});
