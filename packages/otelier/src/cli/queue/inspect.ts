import { figure, table } from '../demo/table.js';
import { type QueueCommand, withQueues } from './stores.js';

/** Lists the queues of a pipeline file that are on disk. */
export async function inspect(file: string, options: QueueCommand & { readonly json?: true }): Promise<void> {
  await withQueues(file, options, false, async (queues) => {
    if (options.json === true) {
      const plain = queues.map(({ store: _, salvaged: __, oldestMs, ...rest }) => ({
        ...rest,
        oldest: oldestMs === undefined ? null : new Date(oldestMs).toISOString(),
      }));
      process.stdout.write(`${JSON.stringify({ queues: plain })}\n`);
      return;
    }
    if (queues.length === 0) {
      process.stdout.write('no queue has anything on disk yet\n');
      return;
    }
    const now = Date.now();
    const rows = queues.map(({ id, batches, items, bytes, oldestMs, damaged, destination }) => [
      id,
      figure(batches),
      figure(items),
      figure(bytes),
      oldestMs === undefined ? '-' : age(now - oldestMs),
      figure(damaged),
      destination,
    ]);
    process.stdout.write(table([['queue', 'batches', 'items', 'bytes', 'oldest', 'damaged', 'to'], ...rows]));
  });
}

const units: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
];

/** A length of time in its largest whole unit. */
function age(ms: number): string {
  for (const [unit, length] of units) if (ms >= length) return `${Math.floor(ms / length)}${unit}`;
  return `${Math.max(0, Math.floor(ms / 1000))}s`;
}
