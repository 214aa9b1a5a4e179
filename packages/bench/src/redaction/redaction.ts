import type { AnyBatch } from '@otelier/core';
import { buildLogs, type LogRecordData, LogsBatch, MetricsBatch, TracesBatch } from '@otelier/otlp';
import { type RedactOptions, redactBatch } from '@otelier/processors';
import { captures } from '@otelier/testing';
import { logsRequest, logsShapes } from '../corpus/logs.js';
import { id, resetRandom } from '../corpus/random.js';
import type { Outcome, ProcessCase } from '../measure/case.js';

type Payload = readonly (() => AnyBatch)[];

const detectors: RedactOptions = {};
const none: RedactOptions = { detectors: [] };

/** Requests with nothing to hide: labels, identities and numbers. `fresh`: no value comes twice, so that nothing can be remembered. */
function clean(fresh: boolean): Payload {
  resetRandom();
  const session = { 'user.id': id(64), 'session.id': id(36), 'organization.id': id(36), 'terminal.type': 'vscode' };
  const requests = Array.from({ length: fresh ? 40 : 1 }, () =>
    buildLogs([
      {
        resource: { attributes: { 'service.name': 'claude-code', 'os.type': 'linux', 'host.arch': 'amd64' } },
        scope: { name: 'com.anthropic.claude_code.events', version: '2.1.330' },
        records: Array.from({ length: 200 }, (_, i): LogRecordData => record(i, fresh ? freshSession() : session)),
      },
    ]).bytes(),
  );
  return requests.map((bytes) => () => new LogsBatch(bytes));
}

const freshSession = () => ({
  'user.id': id(64),
  'session.id': id(36),
  'organization.id': id(36),
  'terminal.type': id(6),
});

function record(i: number, session: Record<string, string>): LogRecordData {
  const nanos = 1_763_800_000_000_000_000n + BigInt(i) * 1_000_000n;
  return {
    timeUnixNano: nanos,
    observedTimeUnixNano: nanos,
    body: 'claude_code.api_request',
    attributes: {
      ...session,
      'prompt.id': id(36),
      'event.name': 'api_request',
      'event.timestamp': '2026-11-22T08:03:42.584Z',
      'event.sequence': i,
      model: 'claude-opus-5-5',
      input_tokens: 1500 + i,
      output_tokens: 620,
      cost_usd: 0.03676,
      duration_ms: 4312 + i,
      request_id: `req_${id(24)}`,
      speed: 'normal',
    },
  };
}

function recorded(signal: 'logs' | 'metrics' | 'traces'): Payload {
  const batches = { logs: LogsBatch, metrics: MetricsBatch, traces: TracesBatch };
  return captures()
    .flatMap(({ requests }) => requests)
    .filter((request) => request.signal === signal)
    .map((request) => {
      const bytes = request.batch().bytes();
      return () => new batches[signal](bytes);
    });
}

const payloads: { readonly [name: string]: () => Payload } = {
  'clean logs': () => clean(false),
  'clean logs, all values new': () => clean(true),
  'logs, half with JSON, a tenth prompts': () => {
    const request = logsRequest(logsShapes.logs1000);
    return [() => new LogsBatch(request)];
  },
  'recorded logs': () => recorded('logs'),
  'recorded metrics': () => recorded('metrics'),
  'recorded traces': () => recorded('traces'),
};

/** Megabytes of protobuf a second, at the upper quartile of slots: what one core does when nobody disturbs it. */
function megabytesPerSecond(payload: Payload, options: RedactOptions, ms: number): number {
  const size = payload.reduce((sum, make) => sum + make().size, 0);
  const once = () => {
    for (const make of payload) redactBatch(make(), options).bytes();
  };
  const until = (end: number): number => {
    let n = 0;
    for (; n === 0 || performance.now() < end; n++) once();
    return n;
  };
  until(performance.now() + ms / 2);
  const rates = Array.from({ length: 15 }, () => {
    const from = process.cpuUsage();
    const n = until(performance.now() + ms / 15);
    const { user, system } = process.cpuUsage(from);
    return (n * size) / (user + system);
  });
  return rates.sort((a, b) => a - b)[11]!;
}

/** What redaction does on one core with all built-in detectors, and what it would do without any. */
export const redaction: ProcessCase = {
  name: 'redaction',
  async measure({ quick, progress }) {
    const rows: Record<string, string | number>[] = [];
    const targets: Outcome[] = [];
    for (const [name, make] of Object.entries(payloads)) {
      progress(name);
      const payload = make();
      const ms = quick ? 150 : 1500;
      const measured = megabytesPerSecond(payload, detectors, ms);
      rows.push({ payload: name, 'MB/s': measured, 'MB/s without detectors': megabytesPerSecond(payload, none, ms) });
      if (name === 'clean logs')
        targets.push({ name: `redaction of ${name}, MB/s`, measured, target: 100, met: measured >= 100 });
    }
    return { rows, targets };
  },
};
