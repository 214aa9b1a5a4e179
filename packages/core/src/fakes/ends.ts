import { buildLogs, type LogRecordData, type LogsBatch } from '@otelier/otlp';
import {
  type Clock,
  type Collector,
  type CollectorOptions,
  type Consume,
  createCollector,
  type Exporter,
  exporter,
  type Flow,
  type Host,
  type Logger,
  type PipelinesConfig,
  type Processor,
  type Receiver,
  receiver,
} from '../index.js';

/** A logger that writes nothing. */
export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Time that moves by hand. */
export class ManualClock implements Clock {
  time = 1_000_000;
  readonly timers: Set<{ readonly at: number; readonly run: () => void }> = new Set();

  now(): number {
    return this.time;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.time + ms, run };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  advance(ms: number): void {
    this.time += ms;
    for (const timer of [...this.timers].sort((a, b) => a.at - b.at)) {
      if (timer.at <= this.time && this.timers.delete(timer)) timer.run();
    }
  }
}

/** `count` log records, whose event names are `<name>-0` and so on. */
export function logs(count: number, name = 'event'): LogsBatch {
  const records = Array.from({ length: count }, (_, index): LogRecordData => ({ eventName: `${name}-${index}` }));
  return buildLogs([{ resource: { attributes: { service: 'a' } }, scope: { name: 's' }, records }]);
}

export function eventNames(batch: LogsBatch): string[] {
  return [...batch.records()].map((record) => record.eventName);
}

/** An exporter that keeps what it gets; `answer` may delay or refuse. */
export function memory(
  answer: Consume<LogsBatch> = async () => {},
  name = 'memory',
): { readonly exporter: Exporter<'logs'>; readonly got: LogsBatch[] } {
  const got: LogsBatch[] = [];
  const consume: Consume<LogsBatch> = async (batch, flow) => {
    await answer(batch, flow);
    got.push(batch);
  };
  return { exporter: exporter(name, { logs: consume }), got };
}

/** A receiver that emits when told to. */
export function pushed(
  name = 'pushed',
  key?: string,
): { readonly receiver: Receiver<'logs'>; readonly calls: string[]; send(batch: LogsBatch): Promise<void> } {
  const calls: string[] = [];
  let out: { readonly logs?: Consume<LogsBatch> } = {};
  let host: Host | undefined;
  const made = receiver(
    name,
    ['logs'],
    async (outlets, given) => {
      calls.push('start');
      [out, host] = [outlets, given];
      return {
        stop: async () => void calls.push('stop'),
        close: async () => void calls.push('close'),
      };
    },
    key === undefined ? {} : { key },
  );
  return { receiver: made, calls, send: async (batch) => out.logs?.(batch, host?.flow() as Flow) };
}

/** A collector with one logs pipeline, not started. */
export function logsCollector(
  processors: readonly Processor<'logs'>[],
  exporters: readonly Exporter<'logs'>[],
  options: CollectorOptions = {},
  more: Partial<PipelinesConfig> = {},
): Collector {
  const config = { ...more, logs: { events: { receivers: [pushed().receiver], processors, exporters } } };
  return createCollector(config, { logger: silent, ...options });
}

/** A promise with its ends. */
export function deferred(): { readonly promise: Promise<void>; resolve(): void; reject(error: unknown): void } {
  let [resolve, reject]: [() => void, (error: unknown) => void] = [() => {}, () => {}];
  const promise = new Promise<void>((yes, no) => {
    [resolve, reject] = [yes, no];
  });
  return { promise, resolve, reject };
}

/** Lets everything that is ready to run do so. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
