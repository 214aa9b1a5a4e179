import { parseArgs } from 'node:util';
import { table } from '../totals/table.js';
import { faults } from './faults/faults.js';
import { heading, isKept, type Result, row, suffer } from './suite.js';

// npm run test:faults -- [--runs N] [--seed S] [--only FAULT]
const options = { runs: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' } } as const;
const { values } = parseArgs({ options });
const runs = Number(values.runs ?? 20);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const chosen = faults.filter(({ name }) => values.only === undefined || name === values.only);
if (chosen.length === 0 || !(runs > 0) || !Number.isInteger(seed)) {
  console.error(
    `expected --runs and --seed to be numbers, and --only one of: ${faults.map(({ name }) => name).join(', ')}`,
  );
  process.exit(1);
}
console.log(`seed ${seed}`);
const results: Result[] = [];
for (const fault of chosen) {
  const own = Math.max(1, Math.round(runs * (fault.share ?? 1)));
  const began = Date.now();
  const progress = (run: number): void => {
    const line = `${fault.name}: ${run} of ${own} runs, ${Math.round((Date.now() - began) / 1000)} s`;
    if (process.stdout.isTTY) process.stdout.write(`\r${line}`);
    else if (run % 20 === 0 || run === own) console.log(line);
  };
  const result = await suffer(fault, own, seed, progress);
  if (process.stdout.isTTY) console.log();
  for (const problem of result.problems) console.log(`  ${problem}`);
  if (result.folder !== undefined) console.log(`  seed ${seed}; pipeline file and store are in ${result.folder}`);
  results.push(result);
}
console.log(table(heading, results.map(row)));
for (const { fault, notes } of results)
  if (notes.size > 0) console.log(`  ${fault}: ${Array.from(notes, ([what, times]) => `${times} ${what}`).join(', ')}`);
process.exitCode = results.every(isKept) ? 0 : 1;
