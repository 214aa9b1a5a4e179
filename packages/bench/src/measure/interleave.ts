import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { MicroCase, Outcome } from './case.js';

/** CPU time of each variant on one payload, measured in turns. */
export interface MicroResult {
  readonly case: string;
  readonly payload: string;
  readonly variant: string;
  /** Lower quartile over the rounds. */
  readonly usPerOp: number;
  readonly itemsPerSecond: number;
  /** Median over the rounds of the first variant's time by this one's. */
  readonly timesFirst: number;
}

const runner = fileURLToPath(new URL('./runner.js', import.meta.url));
const quantile = (values: readonly number[], q: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * q)] as number;
};

/** How long and how often is measured. */
export interface Pace {
  /** Times that every variant gets a new process: one process is faster than the next by the luck of its memory. */
  readonly generations: number;
  readonly rounds: number;
  readonly slotMs: number;
  readonly warmUpMs: number;
}

/** Runs every variant of a case on every payload, taking turns in short slots, and checks first that all did the same. */
export async function interleave(
  micro: MicroCase,
  pace: Pace,
): Promise<{ results: MicroResult[]; targets: Outcome[] }> {
  const results: MicroResult[] = [];
  const targets: Outcome[] = [];
  for (const payload of micro.payloads) {
    const names = Object.keys(micro.variants);
    const times = names.map(() => [] as number[]);
    for (let generation = 0; generation < pace.generations; generation++) await measure(micro, payload, pace, times);
    const ratio = (base: number, variant: number): number =>
      quantile(
        (times[base] as number[]).map((time, round) => time / ((times[variant] as number[])[round] as number)),
        0.5,
      );
    names.forEach((variant, i) => {
      const usPerOp = quantile(times[i] as number[], 0.25);
      const itemsPerSecond = ((micro.items[payload] ?? 1) * 1e6) / usPerOp;
      results.push({ case: micro.name, payload, variant, usPerOp, itemsPerSecond, timesFirst: ratio(0, i) });
    });
    for (const target of micro.targets.filter((each) => each.payload === payload)) {
      const measured = ratio(names.indexOf(target.base), names.indexOf(target.variant));
      const name = `${micro.name}, ${payload}: ${target.variant} against ${target.base}`;
      targets.push({ name, measured, target: target.atLeast, met: measured >= target.atLeast });
    }
  }
  return { results, targets };
}

/** One generation of processes: a time per operation for each variant and round, added to `times`. */
async function measure(
  micro: MicroCase,
  payload: string,
  { rounds, slotMs, warmUpMs }: Pace,
  times: number[][],
): Promise<void> {
  const names = Object.keys(micro.variants);
  const children = names.map((name) =>
    fork(runner, [micro.name, payload, name], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
  );
  try {
    const digests = await Promise.all(children.map(async (child) => (await answer<{ digest?: string }>(child)).digest));
    if (new Set(digests.filter((digest) => digest !== undefined)).size > 1) {
      const told = names.map((name, i) => `${name} ${digests[i]?.slice(0, 8)}`).join(', ');
      throw new Error(`case ${micro.name} on ${payload}: the variants do not agree: ${told}`);
    }
    for (const child of children) await slot(child, warmUpMs);
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < names.length; turn++) {
        const i = (turn + round) % names.length;
        times[i]?.push(await slot(children[i] as ChildProcess, slotMs));
      }
    }
  } finally {
    for (const child of children) child.kill();
  }
}

async function slot(child: ChildProcess, slotMs: number): Promise<number> {
  child.send({ slotMs });
  const { ops, cpuUs } = await answer<{ ops: number; cpuUs: number }>(child);
  return cpuUs / ops;
}

async function answer<T>(child: ChildProcess): Promise<T> {
  const gone = new AbortController();
  const exit = (code: number | null) => gone.abort(new Error(`a benchmark process ended with ${code}`));
  child.once('exit', exit);
  try {
    const [message] = await once(child, 'message', { signal: gone.signal });
    return message as T;
  } catch (error) {
    throw gone.signal.aborted ? gone.signal.reason : error;
  } finally {
    child.off('exit', exit);
  }
}
