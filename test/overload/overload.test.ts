import { expect, test } from 'vitest';
import { measure } from './suite.js';

// What a loaded machine cannot spoil; `npm run test:overload` measures the rest.
test('far more than the backend takes: what is accepted arrives, the rest is refused honestly, memory stays bounded, service goes on', async () => {
  const slow = { name: 'slow backend', door: 'http', workers: 2, workMs: 40, inFlight: '64KiB' } as const;
  const plan = { seconds: 2, connections: 400, stepSeconds: 0.4, steps: [4], stepRounds: 1, costRounds: 0 };
  const result = await measure(slow, { ...plan, progress: () => {} });
  expect(result).toMatchObject({ lost: 0, problems: [] });
  expect(result.accepted).toBeGreaterThan(0);
  expect(result.refused).toBeGreaterThan(0);
  expect(result.afterwards).toBeGreaterThan(0);
  expect(result.peakRssMiB).toBeLessThan(result.limitMiB);
}, 60_000);
