import { calm } from './backend.js';
import type { Fault } from './fault.js';
import type { Sums } from './ledger.js';
import { World } from './world.js';

/** What became of one fault. */
export interface Result extends Sums {
  readonly fault: string;
  readonly runs: number;
  /** What must not be there: deaths of the collector, answers that end a client's attempts, what it did not report. */
  readonly problems: readonly string[];
  /** How often what happened, where a fault has several ways. */
  readonly notes: ReadonlyMap<string, number>;
  /** What the collector left, when something was not as promised. */
  readonly folder: string | undefined;
}

/** Lets a fault strike so often under load, and counts. */
export async function suffer(
  fault: Fault,
  runs: number,
  seed: number,
  progress?: (run: number) => void,
): Promise<Result> {
  const { name, moods = calm, file, flags = [], nodeOptions, whole = false } = fault;
  const world = await World.open(seed, fault);
  const { ledger, collector, notes } = world;
  let finished = false;
  const result = (): Omit<Result, 'folder'> => {
    const problems = [...ledger.problems, ...collector.deaths];
    if (ledger.damages === 0) problems.push(...collector.damage);
    return { fault: name, runs, ...ledger.sums(collector.damage.length > 0), problems, notes };
  };
  try {
    world.write(file);
    world.started = { flags, ...(nodeOptions !== undefined && { nodeOptions }) };
    if (!whole) await world.start();
    world.backend.moods = moods;
    world.senders.start(world.random.fork());
    for (let run = 1; run <= runs; run++) {
      if (!whole) await world.acknowledged(world.random.between(1, 150));
      await fault.strike(world);
      progress?.(run);
    }
    await world.settle();
    finished = true;
  } catch (error) {
    ledger.problems.add(error instanceof Error ? error.message : String(error));
  }
  const isLeft = !finished || !isKept(result());
  await world.close(isLeft);
  return { ...result(), folder: isLeft ? world.folder : undefined };
}

/** Whether a fault did what we promise: nothing lost, nothing doubled that need not be. */
export function isKept({ lost, avoidable, problems }: Pick<Result, 'lost' | 'avoidable' | 'problems'>): boolean {
  return lost === 0 && avoidable === 0 && problems.length === 0;
}

export const heading: readonly string[] = [
  ...['fault', 'runs', 'sent', 'acknowledged', 'delivered', 'lost', 'duplicated', 'avoidable', 'rejected', 'set aside'],
];

/** A result as a line of the table with {@link heading}. */
export function row(result: Result): string[] {
  const { fault, runs, sent, acknowledged, delivered, lost, duplicated, avoidable, rejected, setAside } = result;
  const counts = [runs, sent, acknowledged, delivered, lost, duplicated, avoidable, rejected, setAside];
  return [fault, ...counts.map(String)];
}
