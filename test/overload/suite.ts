import { availableParallelism } from 'node:os';
import { Ledger } from '../faults/ledger.js';
import { Child } from './child.js';
import type { Load, Sent } from './generator.js';
import { idsOf } from './requests.js';

/** What bounds the capacity: a backend that works on so many requests at a time, or the collector's own CPU. */
export interface Bound {
  readonly name: string;
  readonly workers: number;
  readonly workMs: number;
  readonly door: 'http' | 'grpc';
  /** Of the collector's `limits`. */
  readonly inFlight: `${number}KiB`;
}

export const bounds: readonly Bound[] = [
  // 200 requests a second, which leave most of a core for refusals.
  { name: 'backend', door: 'http', workers: 8, workMs: 40, inFlight: '256KiB' },
  { name: 'cpu', door: 'http', workers: 1000, workMs: 0, inFlight: '1024KiB' },
  { name: 'grpc', door: 'grpc', workers: 1000, workMs: 0, inFlight: '1024KiB' },
];

/** How one bound is measured. */
export interface Plan {
  readonly seconds: number;
  /** For each step of finding the capacity, and of comparing costs. */
  readonly stepSeconds: number;
  /** Connections by which the capacity is looked for, one closed loop for each. */
  readonly steps: readonly number[];
  /** How often all of them are gone through before the overload, and again behind it. */
  readonly stepRounds: number;
  /** How often costs are compared. */
  readonly costRounds: number;
  /** Connections that the overload comes by: each sends when it has its answer. */
  readonly connections: number;
  readonly progress: (line: string) => void;
}

/** What was measured; rates are in records per second, times in milliseconds, CPU in microseconds per request. */
export interface Result {
  readonly bound: string;
  readonly peak: number;
  readonly offered: number;
  readonly goodput: number;
  /** Goodput as a share of the peak. */
  readonly share: number;
  readonly acceptedP50: number;
  readonly acceptedP99: number;
  readonly refusedP99: number;
  /** Requests, over the overload. */
  readonly accepted: number;
  readonly refused: number;
  readonly unsent: number;
  readonly peakRssMiB: number;
  readonly limitMiB: number;
  readonly acceptedCpuUs: number;
  readonly refusedCpuUs: number;
  /** How many times cheaper a refusal is. */
  readonly cheaper: number;
  /** Records that were accepted within a second after the overload. */
  readonly afterwards: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly problems: readonly string[];
}

interface Usage {
  readonly cpuUs: number;
  readonly peakRssBytes: number;
}

const records = 10;
/** Times the capacity. */
const overload = 10;
const limitMiB = 256;

/** Finds what the collector can take, offers ten times of that, and compares what refusing and accepting cost. */
export async function measure({ name, door, workers, workMs, inFlight }: Bound, plan: Plan): Promise<Result> {
  const { seconds, stepSeconds, connections, progress } = plan;
  const children: Child[] = [];
  const start = async (script: string, options: object): Promise<Child> => {
    const child = await Child.start(script, options);
    children.push(child);
    return child;
  };
  const ledger = new Ledger();
  try {
    const sink = await start('sink.ts', { workers, workMs });
    const collector = await start('collector.mjs', {
      ...portOf(sink, 'sink'),
      door,
      inFlight,
      memory: `${limitMiB}MiB`,
    });
    const generator = await start('generator.ts', { ...portOf(collector, 'port'), door, records });
    // The collector has a core of its own, so that what the others do does not look like its doing.
    if (availableParallelism() > 1) for (const child of children) child.pin(child === collector ? 0 : 1);
    const send = async (load: Load): Promise<Sent> => {
      const sent = await generator.ask<Sent>(load);
      for (const number of sent.accepted) {
        ledger.sent(idsOf(number, records));
        ledger.acknowledged(idsOf(number, records), 0);
      }
      for (const number of sent.unanswered) ledger.sent(idsOf(number, records));
      for (const problem of sent.problems) ledger.problems.add(problem);
      return sent;
    };

    await send({ seconds: stepSeconds, connections: 16 });
    const before = await throughputs(send, plan, name);
    const offeredRate = Math.max(...before.map(mean)) * overload;
    const costs = await compareCosts(collector, send, plan, name);
    progress(`${name}: ${Math.round(offeredRate * records)} records/s offered for ${seconds} s`);
    const sent = await send({ seconds, connections, rate: offeredRate });
    const { peakRssBytes } = await collector.ask<Usage>({});
    const after = await send({ seconds: 1, connections: 16 });
    const behind = await throughputs(send, plan, name);
    // By number of connections, over both sides of the overload: the machine is not as fast in one minute as in the next.
    const capacity = Math.max(...before.map((some, i) => mean([...some, ...(behind[i] as number[])])));

    const { arrived } = await sink.ask<{ arrived: readonly (readonly [string, number])[] }>({});
    for (const [id, times] of arrived) for (let i = 0; i < times; i++) ledger.arrived([id]);
    const { lost, duplicated } = ledger.sums(false);
    const goodput = sent.acceptedMs.length / sent.seconds;
    return {
      bound: name,
      ...{ peak: capacity * records, offered: (sent.offered / sent.seconds) * records, goodput: goodput * records },
      share: goodput / capacity,
      ...{ acceptedP50: at(sent.acceptedMs, 0.5), acceptedP99: at(sent.acceptedMs, 0.99) },
      refusedP99: at(sent.refusedMs, 0.99),
      ...{ accepted: sent.acceptedMs.length, refused: sent.refusedMs.length, unsent: sent.unsent },
      ...{ peakRssMiB: peakRssBytes / 1024 ** 2, limitMiB },
      ...costs,
      afterwards: after.acceptedMs.length * records,
      ...{ lost, duplicated, problems: [...ledger.problems] },
    };
  } finally {
    await Promise.all(children.map((child) => child.end()));
  }
}

/** Requests per second of closed loops, by number of connections and round. */
async function throughputs(
  send: (load: Load) => Promise<Sent>,
  { steps, stepRounds, stepSeconds, progress }: Plan,
  name: string,
): Promise<number[][]> {
  const found = steps.map((): number[] => []);
  for (let round = 0; round < stepRounds; round++)
    for (const [i, connections] of steps.entries()) {
      const { acceptedMs, seconds } = await send({ seconds: stepSeconds, connections });
      found[i]?.push(acceptedMs.length / seconds);
    }
  const told = found.map((some, i) => `${Math.round(mean(some) * records)} by ${steps[i]} connections`);
  progress(`${name}: records/s: ${told.join(', ')}`);
  return found;
}

/** CPU time of the collector per request: with room for all, and with a budget that is used up, in turn. */
async function compareCosts(
  collector: Child,
  send: (load: Load) => Promise<Sent>,
  { costRounds, stepSeconds, progress }: Plan,
  name: string,
): Promise<Pick<Result, 'acceptedCpuUs' | 'refusedCpuUs' | 'cheaper'>> {
  const accepted: number[] = [];
  const refused: number[] = [];
  for (let round = 0; round < costRounds; round++) {
    for (const full of [false, true]) {
      await collector.ask({ full });
      const { acceptedMs, refusedMs } = await send({ seconds: stepSeconds / 2, connections: 16 });
      const { cpuUs } = await collector.ask<Usage>({});
      (full ? refused : accepted).push(cpuUs / (acceptedMs.length + refusedMs.length));
    }
    progress(
      `${name}: ${Math.round(accepted.at(-1) as number)} µs to accept, ${Math.round(refused.at(-1) as number)} µs to refuse`,
    );
  }
  await collector.ask({ full: false });
  const [acceptedCpuUs, refusedCpuUs] = [median(accepted), median(refused)];
  return { acceptedCpuUs, refusedCpuUs, cheaper: acceptedCpuUs / refusedCpuUs };
}

function portOf(child: Child, as: string): object {
  return { [as]: (child.ready as { port: number }).port };
}

function at(sorted: Float64Array, share: number): number {
  return sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
