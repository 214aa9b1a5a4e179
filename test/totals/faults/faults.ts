import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  byMetric,
  Exact,
  type FleetOptions,
  random,
  type SeriesViolation,
  simulateFleet,
  withoutAttributes,
} from '@otelier/testing';
import { Clients } from './clients.js';
import { startSink } from './sink.js';
import { freePort, Victim } from './victim.js';

const dropped = ['session.id', 'user.account_uuid'];

/** Which collector is killed, how often, and under which load. */
export interface FaultOptions {
  readonly seed: number;
  readonly kills: number;
  readonly temporality: NonNullable<FleetOptions['temporality']>;
  /** Hears of every kill. */
  readonly progress?: (kills: number, answered: number) => void;
}

/** One metric's true total and what the backend has. */
export interface MetricResult {
  readonly metric: string;
  readonly truth: Exact;
  readonly sink: Exact;
  /** The greatest distance of a series from the truth, in rounding steps; integers allow none. */
  readonly steps: number;
  readonly lost: number;
  readonly doubled: number;
}

/** What became of it. */
export interface FaultResult {
  readonly kills: number;
  readonly requests: number;
  readonly retries: number;
  readonly refusedBySink: number;
  readonly unansweredBySink: number;
  readonly points: number;
  readonly series: number;
  readonly exitCode: number | null;
  readonly metrics: readonly MetricResult[];
  readonly violations: readonly SeriesViolation[];
  /** What the collector said of damage to its store. */
  readonly damage: readonly string[];
  readonly exact: boolean;
}

/** Kills `otelier run` again and again while a fleet sends to it, and compares what the backend has with the truth. */
export async function faults({ seed, kills, temporality, progress }: FaultOptions): Promise<FaultResult> {
  const source = random(seed);
  const folder = mkdtempSync(join(tmpdir(), 'otelier-faults-'));
  const sink = await startSink(source.fork());
  const port = await freePort();
  const config = join(folder, 'pipeline.config.ts');
  writeFileSync(config, pipelineFile(port, sink.endpoint, temporality));
  const victim = new Victim(folder, config);
  // As long as the test takes, so that the clients' clocks and the collector's are roughly of one opinion.
  const day = { startAt: Date.now(), duration: Math.max(kills, 10) * 1_000, exportInterval: [500, 4_000] } as const;
  const fleet = simulateFleet({ seed, users: Math.ceil(kills / 3) + 12, sessions: 6, temporality, ...day });
  const clients = new Clients();
  try {
    await victim.start();
    const sending = clients.run(`http://127.0.0.1:${port}/v1/metrics`, fleet.requests, source.fork());
    sending.catch(() => {});
    for (let kill = 1; kill <= kills; kill++) {
      const before = clients.sent.answered;
      const share = Math.floor((fleet.requests.length * kill) / (kills + 1));
      clients.release(share);
      // Somewhere in the middle of this share's requests, at a random moment of the work on one of them.
      const until = before + source.between(0, Math.max(0, share - before - 1));
      await Promise.race([reached(clients, until), sending]);
      await wait(source.between(0, 12));
      await victim.kill();
      progress?.(kill, clients.sent.answered);
      await victim.start();
    }
    sink.calm();
    clients.release(fleet.requests.length);
    await sending;
    const exitCode = await victim.stop();
    const { answered: requests, retries } = clients.sent;
    const { refused: refusedBySink, unanswered: unansweredBySink } = sink.counts;
    const { points, series } = sink.book;
    const metrics = compare(withoutAttributes(fleet.truth.values(), dropped), sink.book.totals());
    const violations = sink.book.violations();
    const exact = violations.length === 0 && metrics.every(({ lost, doubled }) => lost === 0 && doubled === 0);
    const counted = { kills, requests, retries, refusedBySink, unansweredBySink, points, series: series.size };
    return { ...counted, exitCode, metrics, violations, damage: victim.damage, exact };
  } finally {
    await victim.kill();
    await sink.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function reached(clients: Clients, answered: number): Promise<void> {
  while (clients.sent.answered < answered) await wait(1);
}

type Sums = ReturnType<typeof withoutAttributes>;

function compare(truth: Sums, sink: Sums): MetricResult[] {
  const found = byMetric(sink.values());
  return [...byMetric(truth.values())].map(([metric, sum]) => {
    let [steps, lost, doubled] = [0, 0, 0];
    for (const [key, { sum: expected, metric: of }] of [...truth, ...[...sink].filter(([key]) => !truth.has(key))]) {
      if (of !== metric) continue;
      const known = sink.get(key)?.sum;
      const apart = known === undefined ? Number.POSITIVE_INFINITY : expected.stepsTo(known);
      steps = Math.max(steps, apart);
      const whole = Number.isInteger(expected.toNumber());
      if (truth.has(key) && apart <= (whole ? 0 : 1)) continue;
      const distance = (known?.toNumber() ?? 0) - (truth.get(key)?.sum.toNumber() ?? 0);
      if (distance < 0) lost -= distance;
      else doubled += distance;
    }
    return { metric, truth: sum, sink: found.get(metric) ?? new Exact(), steps, lost, doubled };
  });
}

function pipelineFile(port: number, endpoint: string, temporality: string): string {
  const names = JSON.stringify(dropped);
  const first = temporality === 'delta' ? '' : 'cumulativeToDelta(), ';
  return `import { cumulativeToDelta, definePipelines, deltaToCumulative, dropAttributes, otlpExporter, otlpReceiver } from 'otelier';
void cumulativeToDelta;
export default definePipelines({
  dataDir: './state',
  metrics: {
    usage: {
      receivers: [otlpReceiver({ grpc: false, http: '127.0.0.1:${port}' })],
      processors: [${first}dropAttributes(${names}), deltaToCumulative()],
      exporters: [otlpExporter({ endpoint: '${endpoint}' })],
    },
  },
});
`;
}
