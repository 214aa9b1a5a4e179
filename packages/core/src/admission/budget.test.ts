import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Lease } from '../host.js';
import { type Signal, signals } from '../signal.js';
import { Budget, equalShares } from './budget.js';
import { budgetLimits, memoryLimit } from './limits.js';

const mib = 1024 ** 2;

describe('the byte budget', () => {
  test('whatever is admitted, held, grown and given back adds up, and nothing beyond a limit is admitted', () => {
    const signal = fc.option(fc.constantFrom(...signals), { nil: undefined });
    const step = fc.oneof(
      fc.record({ does: fc.constant('acquire' as const), bytes: fc.nat(400), signal }),
      fc.record({ does: fc.constant('hold' as const), bytes: fc.nat(400) }),
      fc.record({ does: fc.constant('grow' as const), bytes: fc.nat(100), at: fc.nat(20) }),
      fc.record({ does: fc.constant('release' as const), at: fc.nat(20) }),
      fc.record({ does: fc.constant('squeeze' as const), share: fc.constantFrom(1, 0.5, 0.25) }),
    );
    const shares = { logs: 1, metrics: 0.75, traces: 0.5 };
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const budget = new Budget({ bytes: 1000, shares });
        const leases: { readonly lease: Lease; bytes: number; readonly mark: number }[] = [];
        let squeezed = 1;
        let refused = 0;
        const sum = () => leases.reduce((total, { bytes }) => total + bytes, 0);
        const mayTake = (bytes: number, mark: number) => sum() + bytes <= (sum() === 0 ? 1000 : mark * squeezed);
        for (const one of steps) {
          if (one.does === 'squeeze') budget.squeeze((squeezed = one.share));
          else if (one.does === 'hold') leases.push({ lease: budget.hold(one.bytes), bytes: one.bytes, mark: 1000 });
          else if (one.does === 'acquire') {
            const mark = 1000 * (one.signal === undefined ? 1 : shares[one.signal]);
            const expected = mayTake(one.bytes, mark);
            const lease = budget.acquire(one.bytes, one.signal);
            expect(lease !== undefined).toBe(expected);
            if (lease === undefined) refused++;
            else leases.push({ lease, bytes: one.bytes, mark });
          } else {
            const of = leases[one.at];
            if (of === undefined) continue;
            if (one.does === 'release') {
              of.lease.release();
              of.lease.release();
              expect(of.lease.grow(1)).toBe(false);
              leases.splice(one.at, 1);
            } else if (mayTake(one.bytes, of.mark)) {
              expect(of.lease.grow(one.bytes)).toBe(true);
              of.bytes += one.bytes;
            } else {
              expect(of.lease.grow(one.bytes)).toBe(false);
              refused++;
            }
          }
          expect(budget.inFlightBytes).toBe(sum());
          expect(budget.refused.total).toBe(refused);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('counts why a request found no room', () => {
    const budget = new Budget({ bytes: 1000, shares: { ...equalShares, traces: 0.5 } });
    const lease = budget.hold(600);
    expect(budget.acquire(10, 'traces')).toBeUndefined();
    expect(budget.acquire(500, 'logs')).toBeUndefined();
    budget.squeeze(0.5);
    expect(budget.acquire(10, 'logs')).toBeUndefined();
    expect(Array.from(budget.refused.counts, ([reason, { value }]) => [reason, value])).toEqual([
      ['priority', 1],
      ['full', 1],
      ['memory', 1],
    ]);
    expect([budget.usableBytes, budget.filled]).toEqual([500, 1.2]);
    lease.release();
  });

  test('a request that is larger than its share finds room when it is alone', () => {
    const budget = new Budget({ bytes: 1000, shares: { ...equalShares, traces: 0.5 } });
    budget.squeeze(1 / 64);
    expect(budget.acquire(900, 'traces')).toBeDefined();
    expect(budget.acquire(1, 'logs')).toBeUndefined();
  });
});

describe('the limits of a pipeline file', () => {
  test.each<[readonly Signal[] | undefined, Record<Signal, number>]>([
    [undefined, { logs: 1, metrics: 1, traces: 1 }],
    [['metrics', 'logs', 'traces'], { metrics: 1, logs: 0.75, traces: 0.5 }],
    [['metrics', 'traces'], { metrics: 1, traces: 0.75, logs: 0.5 }],
    [['traces'], { traces: 1, metrics: 0.75, logs: 0.75 }],
  ])('priority %j gives the shares %j', (priority, shares) => {
    expect(budgetLimits(priority === undefined ? {} : { priority }).shares).toEqual(shares);
  });

  test.each([
    [{}, undefined, undefined, 256 * mib],
    [{ memory: '512MiB' }, undefined, 512 * mib, 128 * mib],
    [{ memory: '8GiB' }, undefined, 8192 * mib, 256 * mib],
    [{ memory: '512MiB', inFlight: '300MiB' }, undefined, 512 * mib, 300 * mib],
    [{}, 1000 * mib, 800 * mib, 200 * mib],
    [{ memory: '512MiB' }, 1000 * mib, 512 * mib, 128 * mib],
  ] as const)('%j in a container of %s: memory %s, in flight %s', (limits, container, memory, inFlight) => {
    // Where these tests run there may be a container with a limit of its own.
    if (container !== undefined || 'memory' in limits) expect(memoryLimit(limits, container)).toBe(memory);
    expect(budgetLimits(limits, container ?? Number.MAX_SAFE_INTEGER).bytes).toBe(inFlight);
  });
});
