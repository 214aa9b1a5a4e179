import { table } from '../table.js';
import { faults } from './faults.js';

// SIGKILL at random moments under load: node_modules/.bin/jiti test/totals/faults/main.ts [kills] [seed]
const kills = Number(process.argv[2] ?? 200);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
console.log(`seed ${seed}`);
let failed = false;
for (const [temporality, share] of [
  ['delta', 0.6],
  ['mixed', 0.4],
] as const) {
  const own = Math.ceil(kills * share);
  const progress = (done: number, answered: number): void => {
    const line = `${temporality} clients: ${done} of ${own} kills, ${answered} requests answered`;
    if (process.stdout.isTTY) process.stdout.write(`\r${line}`);
    else if (done % 20 === 0 || done === own) console.log(line);
  };
  const result = await faults({ seed, kills: own, temporality, progress });
  const { requests, retries, refusedBySink, unansweredBySink, points, series } = result;
  console.log(
    `\n${temporality} clients: ${own} kills, ${requests} requests, ${retries} retries; backend: ${refusedBySink} refused, ${unansweredBySink} stored without an answer, ${points} points of ${series} series`,
  );
  const rows = result.metrics.map(({ metric, truth, sink, steps, lost, doubled }) =>
    [metric, truth.toNumber(), sink.toNumber(), steps, lost, doubled].map(String),
  );
  console.log(table(['metric', 'true total', 'at the backend', 'rounding steps', 'lost', 'doubled'], rows));
  for (const { what, detail } of result.violations.slice(0, 5)) console.log(`  ${what}: ${detail}`);
  for (const line of result.damage) console.log(`  ${line}`);
  if (!result.exact || result.exitCode !== 0) failed = true;
  console.log(result.exact ? `exact; exit code ${result.exitCode}\n` : 'NOT EXACT\n');
}
process.exitCode = failed ? 1 : 0;
