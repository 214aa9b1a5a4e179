import { expect, test } from 'vitest';
import { faults } from './faults/faults.js';
import { isKept, suffer } from './suite.js';

// A few runs of each; `npm run test:faults` has as many as one likes.
test.each(faults)(
  '$name: what was answered with 200 arrives, and no more often than need be',
  async (fault) => {
    const seed = Date.now() % 1_000_000;
    const result = await suffer(fault, fault.short, seed);
    expect({ seed, ...result, kept: isKept(result) }).toMatchObject({
      lost: 0,
      avoidable: 0,
      problems: [],
      kept: true,
    });
    expect(result.delivered).toBeGreaterThan(0);
  },
  120_000,
);
