import { expect, test } from 'vitest';
import { faults } from './faults.js';

// A few kills; `npm run test:totals-faults` has hundreds.
test('a collector that is killed again and again under load loses nothing and counts nothing twice', async () => {
  const seed = Date.now() % 1_000_000;
  const { exact, exitCode, metrics, violations, damage } = await faults({ seed, kills: 12, temporality: 'mixed' });
  const wrong = metrics.filter(({ lost, doubled }) => lost > 0 || doubled > 0);
  expect({ seed, exact, exitCode, wrong, violations, damage }).toEqual({
    seed,
    exact: true,
    exitCode: 0,
    wrong: [],
    violations: [],
    damage: [],
  });
}, 120_000);
