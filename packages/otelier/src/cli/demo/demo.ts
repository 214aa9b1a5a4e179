import { type AnyBatch, type Collector, createCollector, createLogger } from '@otelier/core';
import { MetricsBatch } from '@otelier/otlp';
import { type Capture, canaries, captures, residual, type Totals, totals } from '@otelier/testing';
import { exitFailure, UsageError } from '../fail.js';
import { type Client, grpcClient, httpClient } from './client.js';
import { comparison } from './comparison.js';
import { type Progress, replay } from './replay.js';

/** What `otelier demo` takes. */
export interface DemoOptions {
  readonly endpoint?: string;
  readonly speed?: string;
  readonly scenario?: string;
  readonly json?: true;
}

/** What a demo ended with; the exit code is 0 when `exact`. */
export interface DemoResult {
  readonly sessions: number;
  readonly requests: number;
  readonly failed: number;
  /** What the model API had served while the sessions were recorded. */
  readonly served: { readonly tokens: number; readonly costUsd: number; readonly apiRequests: number };
  readonly sent: Sums;
  /** Absent when an `--endpoint` was given: what came out there is not known here. */
  readonly received?: Sums;
  readonly exact: boolean;
}

/** Sums of one side. */
export interface Sums extends Omit<Totals, 'tokens'> {
  readonly tokens: number;
  /** Series of metrics: distinct names and attributes. */
  readonly series: number;
  /** Markers of private text. */
  readonly privateTexts: number;
}

/** Replays recorded sessions and compares what went in with what came out. */
export async function demo(options: DemoOptions): Promise<void> {
  const speed = Number(options.speed ?? 10);
  if (!(speed > 0)) throw new UsageError(`--speed: expected a number above 0, got '${options.speed}'`);
  const { endpoint } = options;
  if (endpoint !== undefined && !/^https?:\/\//.test(endpoint)) {
    throw new UsageError(`--endpoint: expected an OTLP/HTTP URL such as http://127.0.0.1:4318, got '${endpoint}'`);
  }
  const sessions = captures(options.scenario === undefined ? {} : { scenario: options.scenario });
  if (sessions.length === 0) {
    const known = [...new Set(captures().map(({ scenario }) => scenario))].join(', ');
    throw new UsageError(`--scenario: expected one of ${known}, got '${options.scenario}'`);
  }
  const result =
    endpoint === undefined
      ? await throughOwn(sessions, speed, options)
      : await sendTo(endpoint, sessions, speed, options);
  process.stdout.write(options.json === true ? `${JSON.stringify(result)}\n` : comparison(result, endpoint));
  if (!result.exact) process.exitCode = exitFailure;
}

async function throughOwn(sessions: readonly Capture[], speed: number, options: DemoOptions): Promise<DemoResult> {
  const { demoPipelines } = await import('./pipeline.js');
  const { config, exporter } = demoPipelines();
  const collector = createCollector(config, { logger: createLogger({ level: 'error' }) });
  await collector.start();
  const doors = Object.values(collector.endpoints()).flat();
  const http = httpClient(doors.find((door) => door.startsWith('http:')) ?? '');
  const grpc = grpcClient(doors.find((door) => door.startsWith('grpc:')) ?? '');
  const progress = await play(sessions, speed, ({ protocol }) => (protocol === 'grpc' ? grpc : http), options);
  http.close();
  grpc.close();
  await collector.shutdown();
  const received = sums(Object.values(exporter.received).flat());
  const sent = sums(sessions.flatMap(({ requests }) => requests.map((request) => request.batch())));
  const served = expected(sessions);
  const sameTotals =
    received.tokens === served.tokens &&
    near(received.costUsd, served.costUsd) &&
    received.apiRequests === sent.apiRequests;
  const exact = progress.failed === 0 && sameTotals && received.privateTexts === 0 && balanced(collector);
  return { ...outline(sessions, progress), served, sent, received, exact };
}

async function sendTo(
  endpoint: string,
  sessions: readonly Capture[],
  speed: number,
  options: DemoOptions,
): Promise<DemoResult> {
  const client = httpClient(endpoint);
  const progress = await play(sessions, speed, () => client, options);
  client.close();
  if (progress.sent === 0) throw new UsageError(`nothing takes OTLP at ${endpoint}: ${progress.failure}`);
  const sent = sums(sessions.flatMap(({ requests }) => requests.map((request) => request.batch())));
  return { ...outline(sessions, progress), served: expected(sessions), sent, exact: progress.failed === 0 };
}

async function play(
  sessions: readonly Capture[],
  speed: number,
  clientFor: (session: Capture) => Client,
  options: DemoOptions,
): Promise<Progress> {
  const total = sessions.reduce((sum, { requests }) => sum + requests.length, 0);
  const progress: Progress = { sent: 0, failed: 0, total, bytes: 0, failure: undefined };
  const show = (): void => {
    const failed = progress.failed === 0 ? '' : `, ${progress.failed} failed`;
    process.stderr.write(`\r${progress.sent + progress.failed} of ${total} requests${failed} `);
  };
  // A line that rewrites itself is for terminals only.
  const timer = options.json !== true && process.stderr.isTTY ? setInterval(show, 100) : undefined;
  if (options.json !== true) {
    process.stderr.write(
      `${sessions.length} recorded sessions, ${total} requests, ${options.speed ?? 10} times as fast as recorded\n`,
    );
  }
  try {
    await replay(sessions, speed, clientFor, progress);
  } finally {
    clearInterval(timer);
    if (timer !== undefined) process.stderr.write('\r\u001b[K');
  }
  return progress;
}

function outline(
  sessions: readonly Capture[],
  progress: Progress,
): { sessions: number; requests: number; failed: number } {
  return { sessions: sessions.length, requests: progress.total, failed: progress.failed };
}

function expected(sessions: readonly Capture[]): DemoResult['served'] {
  const served = { tokens: 0, costUsd: 0, apiRequests: 0 };
  for (const { expected } of sessions) {
    served.tokens += Object.values(expected.tokens).reduce((sum, count) => sum + count, 0);
    served.costUsd += expected.costUsd;
    served.apiRequests += expected.apiRequests;
  }
  return served;
}

function sums(batches: readonly AnyBatch[]): Sums {
  const all = totals(batches);
  const tokens = Object.values(all.tokens).reduce((sum, count) => sum + count, 0);
  const privateTexts = batches.reduce((sum, batch) => sum + canaries(batch.bytes()).length, 0);
  const series = new Set<string>();
  for (const batch of batches) {
    if (!(batch instanceof MetricsBatch)) continue;
    for (const { metric, attributes } of batch.points())
      series.add(`${metric.name} ${[...attributes].map(String).sort().join(' ')}`);
  }
  return { ...all, tokens, privateTexts, series: series.size };
}

function balanced(collector: Collector): boolean {
  return Object.values(collector.accounts()).every((account) => residual(account) === 0);
}

/** Sums of doubles in another order differ in the last digits. */
function near(a: number, b: number): boolean {
  return Math.abs(a - b) < 1e-9 * Math.max(1, Math.abs(a));
}
