// npm run bench -- [words of case names] [--quick] [--json]
import { parseArgs } from 'node:util';
import { microCases } from './cases/index.js';
import { detection } from './detect/detect.js';
import { garbage } from './gc/gc.js';
import { httpServers } from './load/http-servers.js';
import { pipelineLoad } from './load/pipeline-load.js';
import { refusals } from './load/refusals.js';
import type { Outcome, ProcessCase, ProcessResult } from './measure/case.js';
import { interleave, type MicroResult } from './measure/interleave.js';
import { printMicro, printRows, printTargets } from './print.js';
import { durableQueue } from './queue/queue.js';
import { redaction } from './redaction/redaction.js';
import { statefulSeries } from './series/stateful-series.js';
import { startup } from './startup/startup.js';

const processCases: readonly ProcessCase[] = [
  detection,
  garbage,
  redaction,
  statefulSeries,
  durableQueue,
  startup,
  httpServers,
  pipelineLoad,
  refusals,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    strict: { type: 'boolean', default: false },
  },
});
const wanted = positionals.map((word) => word.toLowerCase());
const chosen = <C extends { name: string }>(cases: readonly C[]): C[] =>
  cases.filter(({ name }) => wanted.length === 0 || wanted.some((word) => name.toLowerCase().includes(word)));
const micro = chosen(microCases);
const whole = chosen(processCases);
if (micro.length + whole.length === 0) {
  console.error(
    `no case is called so; there are: ${[...microCases, ...processCases].map(({ name }) => name).join(', ')}`,
  );
  process.exit(2);
}

const say = (line: string): void => {
  if (!values.json) console.log(line);
};
const progress = (line: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${line}`);
};
const pace = values.quick
  ? { generations: 1, rounds: 3, slotMs: 25, warmUpMs: 150 }
  : { generations: 3, rounds: 15, slotMs: 20, warmUpMs: 1200 };
const results: MicroResult[] = [];
const processes: Record<string, ProcessResult['rows']> = {};
const targets: Outcome[] = [];

for (const [i, each] of micro.entries()) {
  progress(`${i + 1}/${micro.length + whole.length} ${each.name} …`);
  const measured = await interleave(each, pace);
  progress('');
  results.push(...measured.results);
  targets.push(...measured.targets);
  if (!values.json) printMicro(each.name, measured.results);
}
for (const [i, each] of whole.entries()) {
  progress(`${micro.length + i + 1}/${micro.length + whole.length} ${each.name} …`);
  const measured = await each.measure({ quick: values.quick, progress: (line) => progress(`${each.name}: ${line}`) });
  progress('');
  processes[each.name] = measured.rows;
  targets.push(...measured.targets);
  if (!values.json) printRows(each.name, measured.rows);
}
if (values.json)
  console.log(
    JSON.stringify({ node: process.version, quick: values.quick, micro: results, processes, targets }, undefined, 2),
  );
else printTargets(targets);
say(values.quick ? '\nA quick run: its figures show that every case works, not how fast it is.' : '');
if (values.strict && targets.some(({ met }) => !met)) process.exitCode = 1;
