import { createNoopMeter } from '@opentelemetry/api';
import type { Clock, Exporter, Flow, Host, Logger, Peer, RequestFlow, Signal, Stage } from '@otelier/core';
import { buildLogs, type LogsBatch } from '@otelier/otlp';

/** A flow that keeps what a component says about its items. */
export interface TestFlow extends RequestFlow {
  readonly refusals: Record<string, number>;
  readonly drops: Record<string, number>;
}

/** Makes a {@link TestFlow}. */
export function testFlow(of: { signal?: AbortSignal | undefined; peer?: Peer | undefined } = {}): TestFlow {
  const refusals: Record<string, number> = {};
  const drops: Record<string, number> = {};
  return {
    signal: of.signal ?? new AbortController().signal,
    ...(of.peer && { peer: of.peer }),
    refusals,
    drops,
    refuse(count, reason) {
      refusals[reason] = (refusals[reason] ?? 0) + count;
    },
    drop(count, reason) {
      drops[reason] = (drops[reason] ?? 0) + count;
    },
    add() {},
    get refused() {
      return Object.values(refusals).reduce((sum, count) => sum + count, 0);
    },
    get refusal() {
      return Object.keys(refusals).join('; ');
    },
  };
}

/** One line of the log. */
export interface LogEntry {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

/** A logger that keeps what it is told. */
export function memoryLog(): { logger: Logger; log: LogEntry[] } {
  const log: LogEntry[] = [];
  const at = (level: LogEntry['level']) => (fields: object, message: string) => {
    log.push({ level, fields: fields as Record<string, unknown>, message });
  };
  return { logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, log };
}

/** A host that keeps the log and the flows that a component starts. */
export interface TestHost extends Host {
  readonly log: LogEntry[];
  readonly flows: TestFlow[];
}

const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Makes a {@link TestHost}. */
export function testHost(options: { clock?: Clock; signal?: Signal; id?: string } = {}): TestHost {
  const { logger, log } = memoryLog();
  const flows: TestFlow[] = [];
  const make = (id: string, name: string): TestHost => ({
    id,
    name,
    pipeline: 'test',
    signal: options.signal ?? 'logs',
    logger,
    meter: createNoopMeter(),
    clock: options.clock ?? systemClock,
    admission: {
      acquire: () => ({ grow: () => true, release() {} }),
      hold: () => ({ grow: () => true, release() {} }),
      turnAway() {},
      ...{ refuseAfterMs: 0, inFlightBytes: 0, limitBytes: 0, usableBytes: 0 },
    },
    dataDir: undefined,
    openStore: async () => undefined,
    note() {},
    flow(of) {
      const flow = testFlow(of);
      flows.push(flow);
      return flow;
    },
    inTurn: (run) => run(testFlow()),
    child: (child) => make(`${id}/${child}`, child),
    log,
    flows,
  });
  return make(options.id ?? 'logs/test/exporter', 'exporter');
}

/** A batch of so many log records, with the given body or their numbers. */
export function logs(count: number, body?: string, from = 0): LogsBatch {
  const records = Array.from({ length: count }, (_, i) => ({
    timeUnixNano: 1_000_000_000n,
    body: body ?? `record ${from + i}`,
  }));
  return buildLogs([{ resource: { attributes: { 'service.name': 'test' } }, records }]);
}

/** Bodies of the records of a batch. */
export function bodies(batch: LogsBatch): unknown[] {
  return Array.from(batch.records(), (record) => record.body);
}

/** Starts the logs stage of an exporter. */
export async function startLogs(
  exporter: Exporter<'logs'> | Exporter<Signal>,
  host: TestHost = testHost(),
): Promise<Stage<LogsBatch>> {
  const stage = (exporter as Exporter<'logs'>).logs(host);
  await stage.start?.();
  return stage;
}

/** An exporter of logs from one function. */
export type Deliver = (batch: LogsBatch, flow: Flow, call: number) => Promise<void> | void;
