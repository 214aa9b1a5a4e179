import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Collector,
  createCollector,
  type Exporter,
  exporter,
  type Logger,
  PipelineError,
  type PipelinesConfig,
  type ShutdownReport,
} from '@otelier/core';
import { queue } from '@otelier/exporters';
import { buildLogs, buildMetrics, type LogsBatch, type MetricsBatch, type NumberDataPoint } from '@otelier/otlp';
import { aggregate, cumulativeToDelta, deltaToCumulative, dropAttributes } from '@otelier/processors';
import { assertConservation, type MemoryReceiver, memoryReceiver } from '@otelier/testing';

/** Series of each pipeline, and records of each batch of logs. */
export const series = 24;
export const pipelines = ['sums', 'two', 'totals', 'cells'] as const;
export type Pipeline = (typeof pipelines)[number];
/** An hour ago: nothing that began then is new to a collector that has just started. */
const start = BigInt(Date.now() - 3_600_000) * 1_000_000n;

/** What an exporter has got of each series. */
class Seen {
  readonly totals: Map<string, number> = new Map();
  readonly #last: Map<string, { readonly start: bigint; readonly value: number }> = new Map();

  copy(of: Seen): void {
    for (const [id, total] of of.totals) this.totals.set(id, total);
    for (const [id, last] of of.#last) this.#last.set(id, last);
  }

  take(batch: MetricsBatch): void {
    for (const metric of batch.metrics()) {
      const isDelta = metric.temporality === 'delta';
      for (const point of metric.numberPoints as Iterable<NumberDataPoint>) {
        const id = `${point.attributes.get('id')}`;
        const value = Number(point.isInt ? point.intValue : point.value);
        const last = this.#last.get(id);
        const continues = !isDelta && last?.start === point.startTimeUnixNano;
        this.#last.set(id, { start: point.startTimeUnixNano, value });
        this.totals.set(id, (this.totals.get(id) ?? 0) + value - (continues ? last.value : 0));
      }
    }
  }
}

/** What one run of the collector had to say. */
export interface Run {
  readonly report: ShutdownReport;
  readonly accounts: ReturnType<Collector['accounts']>;
  readonly told: readonly {
    readonly level: string;
    readonly fields: Record<string, unknown>;
    readonly message: string;
  }[];
}

/** Backends that outlive collectors, and what goes to them. */
export class World {
  readonly dir: string = mkdtempSync(join(tmpdir(), 'otelier-damage-'));
  readonly logs: string[] = [];
  readonly seen: Readonly<Record<Pipeline, Seen[]>>;
  down = false;
  steps = 0;
  sentLogs = 0;

  constructor(from?: World) {
    this.seen = {
      sums: [new Seen()],
      two: [new Seen(), new Seen()],
      totals: [new Seen()],
      cells: [new Seen()],
    };
    if (from === undefined) return;
    this.steps = from.steps;
    this.sentLogs = from.sentLogs;
    this.logs.push(...from.logs);
    for (const name of pipelines) for (const [i, seen] of this.seen[name].entries()) seen.copy(from.seen[name][i]!);
  }

  get file(): string {
    return join(this.dir, 'state', 'data.mdb');
  }

  put(file: Buffer): void {
    mkdirSync(join(this.dir, 'state'));
    writeFileSync(this.file, file);
  }

  read(): Buffer {
    return readFileSync(this.file);
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Runs a collector, sends so many steps to it, and stops it when nothing is left or the backends are down. */
  async run(steps: number, during: () => Promise<void> = async () => {}): Promise<Run> {
    const told: { level: string; fields: Record<string, unknown>; message: string }[] = [];
    const at = (level: string) => (fields: object, message: string) =>
      void told.push({ level, fields: fields as Record<string, unknown>, message });
    const logger: Logger = { debug: () => {}, info: () => {}, warn: at('warn'), error: at('error') };
    const receivers = new Map<string, MemoryReceiver>([...pipelines, 'safe'].map((name) => [name, memoryReceiver()]));
    const collector = createCollector(this.#config(receivers), { logger, dataDir: this.dir });
    await collector.start();
    for (let i = 0; i < steps; i++) await this.#step(receivers);
    await during();
    const report = await collector.shutdown({ deadline: this.down ? '100ms' : '3s' });
    const accounts = collector.accounts();
    assertConservation(accounts);
    return { report, accounts, told };
  }

  async #step(receivers: ReadonlyMap<string, MemoryReceiver>): Promise<void> {
    const step = ++this.steps;
    const sending: Promise<unknown>[] = [];
    for (const name of pipelines)
      sending.push(receivers.get(name)!.send(points(step, name === 'totals' || name === 'cells', name === 'two')));
    for (let i = 0; i < 3; i++) {
      const body = (n: number) => `${n}${' '.repeat(i === 0 ? 5000 : 10)}`;
      const records = Array.from({ length: i + 1 }, () => ({ body: body(this.sentLogs++) }));
      sending.push(receivers.get('safe')!.send(buildLogs([{ records }])));
    }
    await Promise.allSettled(sending);
  }

  #config(receivers: ReadonlyMap<string, MemoryReceiver>): PipelinesConfig {
    const to = (name: Pipeline, i = 0): Exporter<'metrics'> =>
      exporter(`backend-${i}`, {
        metrics: async (batch: MetricsBatch) => this.#take(() => this.seen[name][i]!.take(batch)),
      });
    const logs = exporter('backend', {
      logs: async (batch: LogsBatch) =>
        this.#take(() => {
          for (const record of batch.records()) this.logs.push(`${record.body}`.trim());
        }),
    });
    const from = (name: string) => [receivers.get(name)!];
    return {
      logs: { safe: { receivers: from('safe'), exporters: [queue(logs)] } },
      metrics: {
        sums: { receivers: from('sums'), processors: [cumulativeToDelta()], exporters: [queue(to('sums'))] },
        two: {
          receivers: from('two'),
          processors: [dropAttributes(['user'], { cumulative: { seed: false } })],
          exporters: [queue(to('two')), to('two', 1)],
        },
        totals: {
          receivers: from('totals'),
          processors: [deltaToCumulative({ seed: false })],
          exporters: [to('totals')],
        },
        cells: { receivers: from('cells'), processors: [aggregate({ interval: '1s' })], exporters: [to('cells')] },
      },
    };
  }

  #take(take: () => void): void {
    if (this.down) throw new PipelineError('unavailable', 'down');
    take();
  }
}

/** One step of every series: as increments, or as totals, of two users each. */
function points(step: number, isDelta: boolean, hasUsers: boolean): MetricsBatch {
  // The first is near the start, and so the first of its series.
  const time = start + BigInt(step * 100 - 90) * 1_000_000_000n;
  return buildMetrics([
    {
      metrics: [
        {
          name: 'm',
          sum: {
            temporality: isDelta ? 'delta' : 'cumulative',
            monotonic: true,
            points: Array.from({ length: series * (hasUsers ? 2 : 1) }, (_, i) => ({
              startTimeUnixNano: isDelta ? time - 1_000_000_000n : start + 1_000_000n,
              timeUnixNano: time,
              value: increment(`${i % series}`) * (isDelta ? 1 : step),
              attributes: { id: `${i % series}`, ...(hasUsers && { user: `${i}` }) },
            })),
          },
        },
      ],
    },
  ]);
}

/** What every step adds to a series of one user. */
export function increment(id: string): number {
  return Number(id) + 1;
}
