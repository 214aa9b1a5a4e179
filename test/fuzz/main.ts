import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { table } from '../totals/table.js';
import { type Outcome, runAll } from './crew.js';
import { liveRuns } from './live/live.js';
import { plan } from './plan.js';

// npm run test:fuzz -- --runs 10000000 --live 100000 --seed 7 --processes 2 [--only 'json logs']
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '200000' },
    live: { type: 'string', default: '4000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    processes: { type: 'string', default: '2' },
    only: { type: 'string' },
  },
});
const seed = Number(values.seed);
const runs = Number(values.runs);
const live = Number(values.live);
const MiB = 1024 * 1024;
console.log(`seed ${seed}`);

/** Says how far it is: in place on a terminal, else twenty times. */
function progressOf(what: string, whole: number): (done: number) => void {
  let said = 0;
  return (done) => {
    const line = `${what}: ${done} of ${whole}`;
    if (process.stdout.isTTY) process.stdout.write(`\r${line}`);
    else if (done - said >= whole / 20) {
      said = done;
      console.log(line);
    }
  };
}

let isClean = true;

function summary(target: string, own: readonly Outcome[]): string[] {
  const sum = (of: (result: NonNullable<Outcome['result']>) => number) =>
    own.reduce((total, { result }) => total + (result === undefined ? 0 : of(result)), 0);
  const most = (of: (result: NonNullable<Outcome['result']>) => number) =>
    Math.max(...own.map(({ result }) => (result === undefined ? 0 : of(result))));
  const peak = Math.max(...own.map(({ peakRss }) => peakRss)) / MiB;
  const counts = [sum((r) => r.runs), sum((r) => r.taken), sum((r) => r.refused), sum((r) => r.deep)];
  const corpus = [most((r) => r.seeds), sum((r) => r.grown), most((r) => r.functions)];
  const bad = sum((r) => r.findings.length) + own.filter(({ failure }) => failure !== '').length;
  return [
    target,
    ...[...counts, ...corpus].map(String),
    most((r) => r.slowestMs).toFixed(0),
    peak.toFixed(0),
    String(bad),
  ];
}

if (runs > 0) {
  const began = Date.now();
  const outcomes = await runAll(
    plan(runs, seed, values.only),
    Number(values.processes),
    progressOf('in process', runs),
  );
  const head = [
    'target',
    'inputs',
    'taken',
    'refused',
    'in depth',
    'seeds',
    'grown',
    'functions',
    'slowest ms',
    'peak MiB',
    'bugs',
  ];
  const names = [...new Set(outcomes.map(({ task }) => task.target))].sort();
  const rows = names.map((name) =>
    summary(
      name,
      outcomes.filter(({ task }) => task.target === name),
    ),
  );
  console.log(`\n${table(head, rows)}`);
  console.log(`${Math.round((Date.now() - began) / 1000)} s`);
  for (const outcome of outcomes) report(outcome);
}

if (live > 0) {
  const results = await liveRuns(live, seed, progressOf('live', live));
  const rows = results.map((each) =>
    [
      each.name,
      each.requests,
      each.answered,
      each.cut,
      each.taken,
      Math.round(each.peakRss / MiB),
      each.findings.length,
    ].map(String),
  );
  console.log(`\n${table(['door', 'requests', 'answered', 'cut off', 'taken', 'peak MiB', 'bugs'], rows)}`);
  for (const { name, statuses, findings } of results) {
    console.log(`${name}: ${statuses}`);
    for (const { what, input } of findings.slice(0, 5)) keep(name, what, input);
  }
}
process.exitCode = isClean ? 0 : 1;

function report({ task, result, failure }: Outcome): void {
  if (failure !== '') {
    isClean = false;
    console.log(`${task.target}, seed ${task.seed}: ${failure}`);
  }
  for (const { what, input } of result?.findings.slice(0, 3) ?? []) keep(task.target, what, input);
}

/** Writes an input that found something where it can be looked at. */
function keep(name: string, what: string, input: Buffer): void {
  isClean = false;
  const folder = join(tmpdir(), 'otelier-fuzz');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name.replaceAll(/\W+/g, '-')}-${Date.now()}-${input.length}`);
  writeFileSync(file, input);
  console.log(`${name}: ${what}\n  input of ${input.length} bytes in ${file}`);
}
