import { Campaign, type CampaignResult } from './campaign.js';
import { targets } from './targets/targets.js';

/** What a worker is told: one campaign. */
export interface Task {
  readonly target: string;
  readonly runs: number;
  readonly seed: number;
  readonly guided: number;
  readonly deepEvery: number;
}

/** What a worker says: how far it is, and at the end what it came to. */
export type Report =
  | { readonly done: number; readonly rss: number }
  | { readonly result: Omit<CampaignResult, 'slowest'> & { readonly slowestBytes: number } };

// Most inputs end in an error, and half of their time would go into stacks that nobody reads.
Error.stackTraceLimit = 3;

if (process.send !== undefined) {
  process.once('message', (task) => void work(task as Task));
  // Whoever asked for it is gone.
  process.once('disconnect', () => process.exit());
}

async function work(task: Task): Promise<void> {
  const make = targets.get(task.target);
  if (make === undefined) throw new RangeError(`no target is called ${task.target}`);
  const say = (report: Report) => process.send?.(report);
  const progress = (done: number) => say({ done, rss: process.memoryUsage.rss() });
  const { slowest, ...result } = await new Campaign(make(), { ...task, progress }).run();
  progress(result.runs);
  process.send?.({ result: { ...result, slowestBytes: slowest.length } } satisfies Report, () => process.disconnect());
}
