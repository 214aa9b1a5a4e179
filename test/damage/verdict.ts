import { increment, pipelines, type Run, series, type World } from './world.js';

/** Runs a collector twice on a store that was damaged; answers which promises were broken. */
export async function problemsOf(world: World): Promise<string[]> {
  const problems: string[] = [];
  const check = (isKept: boolean, problem: string): void => {
    if (!isKept) problems.push(problem);
  };
  const run = await world.run(2);
  const errors = run.told.filter(({ level }) => level === 'error');
  const { report } = run;
  check(report.kept === 0 && report.abandoned === 0, `${report.kept} kept, ${report.abandoned} given back`);
  check(new Set(world.logs).size === world.logs.length, 'a record arrived twice');
  check(
    world.logs.every((body) => /^\d+$/.test(body) && Number(body) < world.sentLogs),
    'a record that nobody sent',
  );
  const isAside = errors.some(({ fields }) => 'moved' in fields);
  const missing = world.sentLogs - world.logs.length;
  // What is in a store that was moved aside is not this run's to count.
  check(isAside || missing === droppedBy(run, 'logs/safe/queue'), `${missing} records missing, and not counted`);
  check(isAside || missing === 0 || errors.length > 0, `${missing} records missing, and not told`);
  problems.push(...wrongTotals(world, errors.length > 0));
  const counted = countsOf(world);
  const next = await world.run(1);
  check(next.told.length === 0, `the next start told ${next.told.map(({ message }) => message).join('; ')}`);
  check(next.report.clean && next.report.kept === 0, `the next run kept ${next.report.kept}, lost ${next.report.lost}`);
  for (const { id, added } of Object.values(next.accounts))
    check((added.recovered ?? 0) === 0, `${id} found something at the next start`);
  problems.push(...wrongIncrements(counted, countsOf(world)));
  return problems.map((problem) => `${problem} (told: ${errors.map(({ message }) => message).join('; ')})`);
}

function droppedBy({ accounts }: Run, id: string): number {
  return Object.values(accounts[id]!.dropped).reduce((sum, count) => sum + count, 0);
}

/** Nothing counts twice, and nothing is missing unless that was told. */
function wrongTotals(world: World, mayMiss: boolean): string[] {
  return countsOf(world).flatMap(({ what, pipeline, id, count }) => {
    const expected = world.steps * stepOf(pipeline, id);
    return count === expected || (mayMiss && count < expected) ? [] : [`${what}: ${count} instead of ${expected}`];
  });
}

/** One step more makes one step more everywhere. */
function wrongIncrements(before: readonly Count[], after: readonly Count[]): string[] {
  return after.flatMap(({ what, pipeline, id, count }, i) => {
    const by = count - before[i]!.count;
    return by === stepOf(pipeline, id) ? [] : [`${what}: ${by} more instead of ${stepOf(pipeline, id)}`];
  });
}

interface Count {
  readonly what: string;
  readonly pipeline: string;
  readonly id: string;
  readonly count: number;
}

function countsOf(world: World): Count[] {
  return pipelines.flatMap((pipeline) =>
    world.seen[pipeline].flatMap(({ totals }, backend) =>
      Array.from({ length: series }, (_, n) => {
        const id = `${n}`;
        return { what: `${pipeline}, backend ${backend}, series ${id}`, pipeline, id, count: totals.get(id) ?? 0 };
      }),
    ),
  );
}

function stepOf(pipeline: string, id: string): number {
  return increment(id) * (pipeline === 'two' ? 2 : 1);
}
