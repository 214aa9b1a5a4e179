// One converter with so many live series, in a process of its own. Speaks over the fork's channel.
import type { Flow, Host } from '@otelier/core';
import { MetricsBatch } from '@otelier/otlp';
import { cumulativeToDelta, deltaToCumulative } from '@otelier/processors';
import { POINTS, Sessions } from './sessions.js';

/** What the process tells. */
export interface Measured {
  readonly nsPerPoint: number;
  readonly nsPerPointSpread: number;
  readonly bytesPerSeries: number;
}

const [name, seriesText, forMsText] = process.argv.slice(2) as [string, string, string];
const sessions = Math.max(1, Math.round(Number(seriesText) / POINTS));
const forMs = Number(forMsText);
const isDelta = name === 'deltaToCumulative';
const requests = new Sessions(isDelta ? 1 : 2);
const nothing = { addBatchObservableCallback() {}, removeBatchObservableCallback() {} };
const host = {
  id: name,
  clock: { now: () => 1_763_800_000_000 },
  meter: { ...nothing, createObservableUpDownCounter: () => nothing },
  note() {},
} as unknown as Host;
const flow = { drop() {}, refuse() {}, add() {} } as unknown as Flow;
let passed = 0;
const stage = (isDelta ? deltaToCumulative() : cumulativeToDelta()).metrics(async (batch) => {
  passed += batch.bytes().length;
}, host);
const ticks = new Int32Array(sessions).fill(1);

/** A batch through the converter and its transaction, as in a pipeline without a data directory. */
function pass(bytes: Buffer): void {
  void stage.consume(new MetricsBatch(bytes, true), flow);
  stage.state?.save(undefined);
}

// A full-period walk in which no session follows its neighbour.
const stride = coprime(Math.max(1, Math.floor(sessions * 0.618)), sessions);
let session = 0;
let tick = 1;
const next = (spread: number): Buffer => {
  session = (session + stride) % sessions;
  tick = (ticks[session] as number)++ + 1;
  return requests.request(session, tick + (spread > 0 ? 1000 : 0), sessions, spread);
};

/** CPU time per point of `work` for a while. */
function cpu(work: () => void, ms: number): number {
  const before = process.cpuUsage();
  const end = performance.now() + ms;
  let batches = 0;
  do {
    work();
    batches++;
  } while (performance.now() < end);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / (batches * POINTS);
}

const memory = (): number => {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};
const empty = memory();
for (let i = 0; i < sessions; i++) pass(requests.request(i, 1, sessions, 0));
const bytesPerSeries = (memory() - empty) / (sessions * POINTS);
// Making the requests takes time too; it is the same with few series and with many, and taken off.
cpu(() => pass(next(0)), forMs / 2);
const rounds: number[] = [];
for (let round = 0; round < 4; round++) {
  const made = cpu(() => void next(0), forMs / 8);
  rounds.push(cpu(() => pass(next(0)), forMs / 4) - made);
}
const spread = coprime(Math.max(1, Math.floor(sessions * 0.3819)), sessions);
cpu(() => pass(next(spread)), forMs / 4);
const made = cpu(() => void next(spread), forMs / 8);
const nsPerPointSpread = cpu(() => pass(next(spread)), forMs / 2) - made;
if (passed === 0) throw new Error('nothing came out');
process.send?.({ nsPerPoint: Math.min(...rounds), nsPerPointSpread, bytesPerSeries } satisfies Measured);
process.disconnect?.();

function coprime(from: number, to: number): number {
  let n = from;
  while (divisor(n, to) !== 1) n++;
  return n;
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}
