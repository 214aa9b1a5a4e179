import { createCollector, definePipelines } from '@otelier/core';
import { otlpReceiver } from '@otelier/receivers';
import {
  type Capture,
  type CapturedRequest,
  canaries,
  captures,
  memoryExporter,
  type Protocol,
} from '@otelier/testing';
import { request } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import reference from '../../pipeline.config.js';
import { grpcCall } from './grpc-call.js';
import { type Item, logRecords, type SumPoint, spans, sumPoints } from './oracle.js';
import { type Doors, sendLogs, sendSpans, sendSums } from './sdk-clients.js';

// The processors of the reference pipeline between the real doors and an exporter that keeps what it gets.
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const running: { shutdown(): Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((collector) => collector.shutdown()));
});

async function start() {
  const receiver = otlpReceiver({ grpc: '127.0.0.1:0', http: '127.0.0.1:0' });
  const memory = memoryExporter();
  const collector = createCollector(
    definePipelines({
      logs: {
        reference: { receivers: [receiver], processors: reference.logs.events.processors, exporters: [memory] },
      },
      metrics: {
        reference: { receivers: [receiver], processors: reference.metrics.usage.processors, exporters: [memory] },
      },
      traces: {
        reference: { receivers: [receiver], processors: reference.traces.spans.processors, exporters: [memory] },
      },
    }),
    { logger: quiet },
  );
  await collector.start();
  running.push(collector);
  const listening = Object.values(collector.endpoints()).flat();
  const doors: Doors = {
    http: listening.find((url) => url.startsWith('http')) as string,
    grpc: `http://${(listening.find((url) => url.startsWith('grpc')) as string).replace(/^grpc:\/\//, '')}`,
  };
  return { memory, doors, collector };
}

const transports: Readonly<Record<Protocol, (doors: Doors, request: CapturedRequest) => Promise<void>>> = {
  'http/protobuf': (doors, sent) => post(doors, sent, 'application/x-protobuf'),
  'http/json': (doors, sent) => post(doors, sent, 'application/json'),
  grpc: (doors, sent) => grpcCall(doors.grpc, sent.signal, sent.bytes),
};

async function post({ http }: Doors, { signal, bytes }: CapturedRequest, type: string): Promise<void> {
  const response = await request(`${http}/v1/${signal}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: bytes,
  });
  const body = Buffer.from(await response.body.arrayBuffer());
  expect([
    response.statusCode,
    response.headers['content-type'],
    body.length === 0 || body.toString() === '{}',
  ]).toEqual([200, type, true]);
}

/** What of an item may not change: everything but the values of attributes that hold content. */
function expectRedactedCopy(got: Item, sent: Item): void {
  expect({ ...got, attributes: undefined, events: undefined }).toEqual({
    ...sent,
    attributes: undefined,
    events: undefined,
  });
  expect(Object.keys(got.attributes)).toEqual(Object.keys(sent.attributes));
  const changed = Object.keys(sent.attributes).filter(
    (key) => !Object.is(JSON.stringify(got.attributes[key]), JSON.stringify(sent.attributes[key])),
  );
  const plainLabels =
    /^(session\.id|user\.id|event\.(name|timestamp|sequence)|model|.*tokens|cost_usd|duration_ms|tool_name|success|prompt_length|prompt\.id)$/;
  expect(changed.filter((key) => plainLabels.test(key))).toEqual([]);
  expect(got.events.map(({ name }) => name)).toEqual(sent.events.map(({ name }) => name));
}

const total = (points: readonly SumPoint[], metric: string, type?: string) =>
  points
    .filter((point) => point.metric === metric && (type === undefined || point.attributes.type === type))
    .reduce((sum, { value }) => sum + value, 0);

/** The sum that came out: of cumulative series the last value of each, of delta series all values. */
function totals(points: readonly SumPoint[]): Map<string, number> {
  const last = new Map<string, SumPoint>();
  const sums = new Map<string, number>();
  const keyOf = (point: SumPoint) => `${point.metric}/${point.attributes.type ?? ''}/${point.attributes.model ?? ''}`;
  for (const point of points) {
    const key = keyOf(point);
    if (point.temporality === 1) {
      sums.set(key, (sums.get(key) ?? 0) + point.value);
      continue;
    }
    const { type: _, ...rest } = point.attributes;
    const series = JSON.stringify([key, point.resource, Object.entries(rest).sort(), point.start]);
    sums.set(key, (sums.get(key) ?? 0) + point.value - (last.get(series)?.value ?? 0));
    last.set(series, point);
  }
  return sums;
}

const described = captures().map(
  (capture) => [`${capture.version} ${capture.scenario} over ${capture.protocol}`, capture] as const,
);

describe('a recorded Claude Code session, sent again byte for byte', () => {
  test.each(described)('%s comes out complete, redacted, with equal totals', async (_, capture) => {
    const { memory, doors, collector } = await start();
    for (const sent of capture.requests) await transports[capture.protocol](doors, sent);
    expectSame(capture, memory.received);
    for (const account of Object.values(collector.accounts()))
      expect({ id: account.id, refused: account.refused, held: account.held }).toEqual({
        id: account.id,
        refused: {},
        held: 0,
      });
  });
});

function expectSame(capture: Capture, received: ReturnType<typeof memoryExporter>['received']): void {
  const bytesOf = (sent: CapturedRequest) => sent.batch().bytes();
  const sent = (signal: string) => capture.requests.filter((each) => each.signal === signal).map(bytesOf);
  for (const batches of Object.values(received))
    for (const batch of batches) expect(canaries(batch.bytes())).toEqual([]);
  for (const [signal, read] of [
    ['logs', logRecords],
    ['traces', spans],
  ] as const) {
    const before = sent(signal).flatMap(read);
    const after = received[signal].flatMap((batch) => read(batch.bytes()));
    expect(after.length).toBe(before.length);
    for (const [i, item] of after.entries()) expectRedactedCopy(item, before[i] as Item);
  }
  const before = sent('metrics').flatMap(sumPoints);
  const after = received.metrics.flatMap((batch) => sumPoints(batch.bytes()));
  for (const { attributes } of after)
    expect(Object.keys(attributes)).not.toEqual(expect.arrayContaining(['session.id']));
  for (const { attributes } of after)
    expect(Object.keys(attributes)).not.toEqual(expect.arrayContaining(['user.account_uuid']));
  const [came, left] = [totals(before), totals(after)];
  expect([...left.keys()].sort()).toEqual([...came.keys()].sort());
  for (const [key, value] of came) expect(left.get(key), key).toBeCloseTo(value, 9);
  const tokens = Object.values(capture.expected.tokens).reduce((sum, value) => sum + value, 0);
  const shown = [...left]
    .filter(([key]) => key.startsWith('claude_code.token.usage/'))
    .reduce((sum, [, value]) => sum + value, 0);
  if (before.length > 0) expect(shown).toBe(tokens);
}

describe.each(['grpc', 'http/protobuf', 'http/json'] as const)(
  "recorded telemetry, sent by the SDK's own exporter over %s",
  (protocol) => {
    const scenarios = captures({ version: '2.1.330', protocol: 'http/protobuf' }).filter(({ scenario }) =>
      ['tools-details', 'multi-turn', 'traces', 'sessions'].includes(scenario),
    );

    test.each(scenarios.map((capture) => [capture.scenario, capture] as const))(
      '%s comes out complete, redacted, with equal totals',
      async (_, capture) => {
        const { memory, doors } = await start();
        for (const { signal, bytes } of capture.requests) {
          if (signal === 'logs') await sendLogs(protocol, doors, logRecords(bytes));
          else if (signal === 'traces') await sendSpans(protocol, doors, spans(bytes));
          else await sendSums(protocol, doors, sumPoints(bytes));
        }
        const sentLogs = capture.requests
          .filter(({ signal }) => signal === 'logs')
          .flatMap(({ bytes }) => logRecords(bytes));
        const gotLogs = memory.received.logs.flatMap((batch) => logRecords(batch.bytes()));
        expect(gotLogs.map(({ time, name }) => [time, name])).toEqual(sentLogs.map(({ time, name }) => [time, name]));
        for (const [i, item] of gotLogs.entries()) {
          const before = sentLogs[i] as Item;
          // The SDK writes neither the trace ids of these records nor their events again.
          expectRedactedCopy({ ...item, ids: '' }, { ...before, ids: '' });
        }
        const sentSpans = capture.requests
          .filter(({ signal }) => signal === 'traces')
          .flatMap(({ bytes }) => spans(bytes));
        const gotSpans = memory.received.traces.flatMap((batch) => spans(batch.bytes()));
        expect(gotSpans.length).toBe(sentSpans.length);
        for (const [i, item] of gotSpans.entries()) expectRedactedCopy(item, sentSpans[i] as Item);
        const sentPoints = capture.requests
          .filter(({ signal }) => signal === 'metrics')
          .flatMap(({ bytes }) => sumPoints(bytes));
        const gotPoints = memory.received.metrics.flatMap((batch) => sumPoints(batch.bytes()));
        const [came, left] = [totals(sentPoints), totals(gotPoints)];
        for (const [key, value] of came) expect(left.get(key), key).toBeCloseTo(value, 9);
        for (const batches of Object.values(memory.received))
          for (const batch of batches) expect(canaries(batch.bytes())).toEqual([]);
        expect(total(sentPoints, 'claude_code.token.usage')).toBeGreaterThan(0);
      },
    );
  },
);
