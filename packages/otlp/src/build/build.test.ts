import { describe, expect, it } from 'vitest';
import { breach } from '../../test/canonical.js';
import { meaning, officialMeaning } from '../../test/oracle.js';
import { validateRequest } from '../door/validate.js';
import { requestKind } from '../schema/schema.js';
import { double } from '../wire/any-value.js';
import { buildLogs, buildMetrics, buildTraces } from './build.js';

interface Built {
  readonly signal: 'logs' | 'metrics' | 'traces';
  bytes(): Buffer;
}

/** What the batch means, when it is canonical and the official code reads it. */
function read(batch: Built): unknown {
  const bytes = batch.bytes();
  expect(validateRequest(batch.signal, bytes)).toBe(bytes);
  expect(breach(requestKind[batch.signal], bytes)).toBe('');
  officialMeaning(batch.signal, bytes);
  return meaning(requestKind[batch.signal], bytes);
}

const traceId = '0123456789abcdef0123456789ABCDEF';
const spanId = '0123456789abcdef';
const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');

describe('buildLogs', () => {
  it('writes every field and every kind of value', () => {
    const batch = buildLogs([
      {
        resource: { attributes: { 'service.name': 'claude-code' }, droppedAttributesCount: 1 },
        scope: { name: 'events', version: '1', attributes: { a: true }, droppedAttributesCount: 2 },
        schemaUrl: 'https://schema',
        records: [
          {
            timeUnixNano: 1795334679291000001n,
            observedTimeUnixNano: 2n,
            severityNumber: 9,
            severityText: 'INFO',
            eventName: 'user_prompt',
            body: { nested: ['x', 1, { y: double(2) }] },
            attributes: {
              text: 'é',
              safe: -3,
              big: 2n ** 60n,
              half: 0.5,
              one: double(1),
              raw: new Uint8Array([1]),
              none: undefined,
            },
            droppedAttributesCount: 3,
            traceId,
            spanId,
            flags: 1,
          },
          {},
        ],
      },
    ]);
    expect(batch.count).toBe(2);
    expect(read(batch)).toEqual({
      resourceLogs: [
        {
          resource: {
            attributes: [{ key: 'service.name', value: { stringValue: 'claude-code' } }],
            droppedAttributesCount: 1,
          },
          schemaUrl: 'https://schema',
          scopeLogs: [
            {
              scope: {
                name: 'events',
                version: '1',
                attributes: [{ key: 'a', value: { boolValue: true } }],
                droppedAttributesCount: 2,
              },
              logRecords: [
                {
                  timeUnixNano: '1795334679291000001',
                  observedTimeUnixNano: '2',
                  severityNumber: 9,
                  severityText: 'INFO',
                  eventName: 'user_prompt',
                  body: {
                    kvlistValue: {
                      values: [
                        {
                          key: 'nested',
                          value: {
                            arrayValue: {
                              values: [
                                { stringValue: 'x' },
                                { intValue: '1' },
                                { kvlistValue: { values: [{ key: 'y', value: { doubleValue: 2 } }] } },
                              ],
                            },
                          },
                        },
                      ],
                    },
                  },
                  attributes: [
                    { key: 'text', value: { stringValue: 'é' } },
                    { key: 'safe', value: { intValue: '-3' } },
                    { key: 'big', value: { intValue: String(2n ** 60n) } },
                    { key: 'half', value: { doubleValue: 0.5 } },
                    { key: 'one', value: { doubleValue: 1 } },
                    { key: 'raw', value: { bytesValue: 'AQ==' } },
                    { key: 'none', value: {} },
                  ],
                  droppedAttributesCount: 3,
                  traceId: base64(traceId),
                  spanId: base64(spanId),
                  flags: 1,
                },
                {},
              ],
            },
          ],
        },
      ],
    });
  });

  it('writes a long body and an empty batch', () => {
    const body = 'x'.repeat(100_000);
    expect(read(buildLogs([{ records: [{ body }] }]))).toEqual({
      resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: body } }] }] }],
    });
    expect(buildLogs([]).bytes().length).toBe(0);
  });
});

describe('buildMetrics', () => {
  it('writes every kind of metric', () => {
    const common = { attributes: { model: 'm' }, startTimeUnixNano: 1n, timeUnixNano: 2n, flags: 1 };
    const read_ = {
      attributes: [{ key: 'model', value: { stringValue: 'm' } }],
      startTimeUnixNano: '1',
      timeUnixNano: '2',
      flags: 1,
    };
    const batch = buildMetrics([
      {
        metrics: [
          {
            name: 'g',
            unit: 'By',
            description: 'd',
            metadata: { a: 1 },
            gauge: { points: [{ ...common, value: 1 }, { value: -5n }] },
          },
          {
            name: 's',
            sum: {
              temporality: 'delta',
              monotonic: true,
              points: [{ value: 1n, exemplars: [{ value: 0.5, traceId, spanId }] }],
            },
          },
          {
            name: 'h',
            histogram: {
              temporality: 'cumulative',
              points: [{ ...common, count: 3, sum: 0, bucketCounts: [1, 2n], explicitBounds: [0.5], min: 0, max: 0 }],
            },
          },
          {
            name: 'e',
            exponentialHistogram: {
              points: [
                {
                  ...common,
                  count: 4n,
                  scale: -2,
                  zeroCount: 1,
                  zeroThreshold: 0.1,
                  positive: { offset: -1, bucketCounts: [300] },
                  negative: { offset: 0, bucketCounts: [] },
                },
              ],
            },
          },
          {
            name: 'q',
            summary: { points: [{ ...common, count: 1, sum: 2, quantileValues: [{ quantile: 0.5, value: 3 }] }] },
          },
        ],
      },
    ]);
    expect(batch.count).toBe(6);
    expect(read(batch)).toEqual({
      resourceMetrics: [
        {
          scopeMetrics: [
            {
              metrics: [
                {
                  name: 'g',
                  unit: 'By',
                  description: 'd',
                  metadata: [{ key: 'a', value: { intValue: '1' } }],
                  gauge: { dataPoints: [{ ...read_, asDouble: 1 }, { asInt: '-5' }] },
                },
                {
                  name: 's',
                  sum: {
                    aggregationTemporality: 1,
                    isMonotonic: true,
                    dataPoints: [
                      { asInt: '1', exemplars: [{ asDouble: 0.5, traceId: base64(traceId), spanId: base64(spanId) }] },
                    ],
                  },
                },
                {
                  name: 'h',
                  histogram: {
                    aggregationTemporality: 2,
                    dataPoints: [
                      { ...read_, count: '3', sum: 0, bucketCounts: ['1', '2'], explicitBounds: [0.5], min: 0, max: 0 },
                    ],
                  },
                },
                {
                  name: 'e',
                  exponentialHistogram: {
                    dataPoints: [
                      {
                        ...read_,
                        count: '4',
                        scale: -2,
                        zeroCount: '1',
                        zeroThreshold: 0.1,
                        positive: { offset: -1, bucketCounts: ['300'] },
                        negative: {},
                      },
                    ],
                  },
                },
                {
                  name: 'q',
                  summary: {
                    dataPoints: [{ ...read_, count: '1', sum: 2, quantileValues: [{ quantile: 0.5, value: 3 }] }],
                  },
                },
              ],
            },
          ],
        },
      ],
    });
  });
});

describe('buildTraces', () => {
  it('writes spans with events, links and status', () => {
    const batch = buildTraces([
      {
        spans: [
          {
            traceId,
            spanId,
            parentSpanId: '',
            name: 'tool',
            kind: 1,
            flags: 257,
            startTimeUnixNano: 1n,
            endTimeUnixNano: 2n,
            attributes: { a: 'b' },
            events: [{ timeUnixNano: 1n, name: 'e' }],
            links: [{ traceId, spanId, attributes: { c: 1 } }],
            status: { code: 2, message: 'failed' },
          },
        ],
      },
    ]);
    expect(read(batch)).toMatchObject({
      resourceSpans: [
        {
          scopeSpans: [
            {
              spans: [
                {
                  name: 'tool',
                  flags: 257,
                  events: [{ name: 'e' }],
                  links: [{ spanId: base64(spanId) }],
                  status: { code: 2 },
                },
              ],
            },
          ],
        },
      ],
    });
  });
});

describe('wrong shapes', () => {
  const at = 'request.resourceLogs[0].scopeLogs[0].records[0]';
  it.each([
    [{ timeUnixNano: 17 }, `${at}.timeUnixNano must be a bigint of nanoseconds, found a value of type number`],
    [{ timeUnixNano: -1n }, `${at}.timeUnixNano must be from 0 to 18446744073709551615`],
    [{ severityNumber: 1.5 }, `${at}.severityNumber must be an integer`],
    [{ severityText: 7 }, `${at}.severityText must be a string`],
    [{ traceId: 'abc' }, `${at}.traceId must be 32 hex digits`],
    [{ attributes: [] }, `${at}.attributes must be an object, found an array`],
    [{ time: 1n }, `${at}.time is not a field of LogRecord`],
  ])('are named: %o', (record, message) => {
    expect(() => buildLogs([{ records: [record as never] }])).toThrow(message);
  });

  it('are named further out', () => {
    expect(() => buildLogs({} as never)).toThrow('resources must be an array');
    expect(() => buildLogs([{} as never])).toThrow('resources[0].records must be an array');
    expect(() => buildMetrics([{ metrics: [{ name: 'm', sum: { temporality: 'd' as never, points: [] } }] }])).toThrow(
      "sum.temporality must be 'unspecified', 'delta' or 'cumulative'",
    );
    const both = { name: 'm', sum: { points: [] }, gauge: { points: [] } };
    expect(() => buildMetrics([{ metrics: [both] }])).toThrow('Metric takes only one kind of data');
  });
});
