import { parseArgs } from 'node:util';
import { table } from '../totals/table.js';
import { bounds, measure, type Result } from './suite.js';
import { heading, missed, row } from './verdict.js';

// npm run test:overload -- [--seconds N] [--only backend|cpu|grpc] [--connections N] [--json]
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    connections: { type: 'string', default: '512' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
const connections = Number(values.connections);
const chosen = bounds.filter(({ name }) => values.only === undefined || name === values.only);
if (chosen.length === 0 || !(seconds > 0) || !(connections > 0)) {
  console.error(
    `expected --seconds and --connections above 0, and --only one of: ${bounds.map(({ name }) => name).join(', ')}`,
  );
  process.exit(1);
}
const progress = (line: string): void => {
  if (!values.json) console.log(line);
};
const results: Result[] = [];
const plan = { seconds, connections, stepSeconds: 2, steps: [16, 32, 64], stepRounds: 3, costRounds: 3, progress };
for (const bound of chosen) results.push(await measure(bound, plan));
const verdicts = results.map((result) => ({ ...result, missed: missed(result) }));
if (values.json) console.log(JSON.stringify(verdicts, undefined, 2));
else {
  console.log(table(heading, results.map(row)));
  for (const { bound, missed: what, problems } of verdicts)
    for (const each of [...what, ...problems]) console.log(`${bound}: MISSED: ${each}`);
}
process.exitCode = verdicts.every(({ missed: what }) => what.length === 0) ? 0 : 1;
