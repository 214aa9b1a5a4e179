import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { breach } from '../../test/canonical.js';
import { makeMessage, random } from '../../test/odd-messages.js';
import { meaning } from '../../test/oracle.js';
import { recorded } from '../../test/recorded.js';
import { validateRequest } from '../door/validate.js';
import { requestKind } from '../schema/schema.js';
import { OtlpError } from '../wire/error.js';
import type { Signal } from '../wire/signal.js';
import { jsonToProtobuf } from './parse.js';
import { protobufToJson } from './render.js';

const captures = recorded('json');

/** Wraps the JSON of one log record. */
const record = (json: string): string => `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${json}]}]}]}`;
/** Wraps the JSON of one data point. */
const point = (metric: string, json: string): string =>
  `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"${metric}":{"dataPoints":[${json}]}}]}]}]}`;

/** What a log record's JSON means; read from the bytes by protobuf-es. */
function readRecord(json: string): unknown {
  const bytes = jsonToProtobuf('logs', record(json));
  expect(validateRequest('logs', bytes)).toBe(bytes);
  // biome-ignore lint/suspicious/noExplicitAny: a path into plain JSON of known shape.
  return (meaning(requestKind.logs, bytes) as any).resourceLogs[0].scopeLogs[0].logRecords[0];
}

function readPoint(metric: string, json: string): unknown {
  const bytes = jsonToProtobuf('metrics', point(metric, json));
  expect(validateRequest('metrics', bytes)).toBe(bytes);
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  return (meaning(requestKind.metrics, bytes) as any).resourceMetrics[0].scopeMetrics[0].metrics[0][metric]
    .dataPoints[0];
}

function refusal(signal: Signal, json: string | Uint8Array): OtlpError {
  try {
    jsonToProtobuf(signal, json);
  } catch (error) {
    if (error instanceof OtlpError) return error;
    throw error;
  }
  return expect.unreachable() as never;
}

describe('jsonToProtobuf', () => {
  it('writes canonical bytes for recorded requests, from text and from bytes alike', () => {
    for (const { signal, bytes, path } of captures) {
      const request = jsonToProtobuf(signal, bytes);
      expect(breach(requestKind[signal], request), path).toBe('');
      expect(validateRequest(signal, request), path).toBe(request);
      expect(jsonToProtobuf(signal, new Uint8Array(bytes)).equals(request)).toBe(true);
      expect(jsonToProtobuf(signal, bytes.toString()).equals(request)).toBe(true);
    }
  });

  it('takes back what render writes, without a change in meaning', () => {
    fc.assert(
      fc.property(fc.constantFrom<Signal>('logs', 'metrics', 'traces'), fc.integer(), (signal, seed) => {
        const kind = requestKind[signal];
        const bytes = makeMessage(kind, random(seed), 0);
        const back = jsonToProtobuf(signal, protobufToJson(signal, bytes));
        expect(meaning(kind, back)).toEqual(meaning(kind, bytes));
        expect(validateRequest(signal, back)).toBe(back);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    [
      'a 64-bit integer from a string',
      '{"timeUnixNano":"1795334679291000001"}',
      { timeUnixNano: '1795334679291000001' },
    ],
    [
      'a 64-bit integer from a number, unrounded',
      '{"timeUnixNano":1795334679291000001}',
      { timeUnixNano: '1795334679291000001' },
    ],
    ['the largest', '{"timeUnixNano":"18446744073709551615"}', { timeUnixNano: '18446744073709551615' }],
    ['the smallest', '{"body":{"intValue":"-9223372036854775808"}}', { body: { intValue: '-9223372036854775808' } }],
    ['2^53 + 1', '{"body":{"intValue":9007199254740993}}', { body: { intValue: '9007199254740993' } }],
    ['-(2^32)', '{"body":{"intValue":-4294967296}}', { body: { intValue: '-4294967296' } }],
    ['a whole number with an exponent', '{"body":{"intValue":1.5e3}}', { body: { intValue: '1500' } }],
    [
      'ids in hex, whatever the case',
      '{"traceId":"0123456789ABCDEF0123456789abcdef"}',
      { traceId: 'ASNFZ4mrze8BI0VniavN7w==' },
    ],
    ['an empty id', '{"spanId":""}', {}],
    ['bytes in base64', '{"body":{"bytesValue":"+/8="}}', { body: { bytesValue: '+/8=' } }],
    ['bytes in url-safe base64', '{"body":{"bytesValue":"-_8"}}', { body: { bytesValue: '+/8=' } }],
    ['bytes with an escaped slash', '{"body":{"bytesValue":"+\\/8="}}', { body: { bytesValue: '+/8=' } }],
    ['enums as integers', '{"severityNumber":9}', { severityNumber: 9 }],
    ['a negative enum', '{"severityNumber":-1}', { severityNumber: -1 }],
    ['doubles', '{"body":{"doubleValue":0.1}}', { body: { doubleValue: 0.1 } }],
    ['-0', '{"body":{"doubleValue":-0}}', { body: { doubleValue: -0 } }],
    ['doubles in quotes', '{"body":{"doubleValue":"-2.5e-3"}}', { body: { doubleValue: -0.0025 } }],
    ['NaN', '{"body":{"doubleValue":"NaN"}}', { body: { doubleValue: 'NaN' } }],
    ['-Infinity', '{"body":{"doubleValue":"-Infinity"}}', { body: { doubleValue: '-Infinity' } }],
    [
      'escapes',
      '{"severityText":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\\u0000"}',
      { severityText: '"\\/\b\f\n\r\té😀\0' },
    ],
    [
      'lone surrogates as U+FFFD',
      '{"severityText":"\\ud83d \\ude00\\ud83dx"}',
      { severityText: '\ufffd \ufffd\ufffdx' },
    ],
    ['null as absence', '{"severityText":null,"body":null,"attributes":null}', {}],
    [
      'null in a list of values as an empty value',
      '{"body":{"arrayValue":{"values":[null,{"intValue":1}]}}}',
      { body: { arrayValue: { values: [{}, { intValue: '1' }] } } },
    ],
    [
      'unknown fields of any shape',
      '{"x":[{"y":"\\u0041"},[-1.5e+3,true,false,null]],"severityNumber":1,"z":{}}',
      { severityNumber: 1 },
    ],
    ['names in snake case as unknown', '{"severity_number":1}', {}],
    ['the last of a repeated name', '{"severityText":"a","severityText":"b"}', { severityText: 'b' }],
    ['null after a value', '{"severityText":"a","severityText":null}', {}],
    [
      'the last of a repeated list',
      '{"attributes":[{"key":"a"}],"attributes":[{"key":"b"}]}',
      { attributes: [{ key: 'b' }] },
    ],
    ['the last of a repeated object, unmerged', '{"body":{"intValue":1},"body":{}}', { body: {} }],
    ['the last member of a oneof', '{"body":{"stringValue":"a","intValue":1}}', { body: { intValue: '1' } }],
    ['a name spelled with escapes', '{"\\u0073everityText":"a"}', { severityText: 'a' }],
    [
      'value before key',
      '{"attributes":[{"value":{"boolValue":true},"key":"k"}]}',
      { attributes: [{ key: 'k', value: { boolValue: true } }] },
    ],
    [
      'no key',
      '{"attributes":[{"value":{"boolValue":false}},{}]}',
      { attributes: [{ value: { boolValue: false } }, {}] },
    ],
    ['white space', ' \t\r\n{ "severityNumber" : 1 , "attributes" : [ ] } ', { severityNumber: 1 }],
  ])('reads %s', (_what, json, expected) => {
    expect(readRecord(json)).toEqual(expected);
  });

  it('reads every kind of number of a data point', () => {
    expect(readPoint('sum', '{"asInt":"-7","flags":4294967295}')).toEqual({ asInt: '-7', flags: 4294967295 });
    expect(readPoint('gauge', '{"asDouble":1,"asInt":2}')).toEqual({ asInt: '2' });
    expect(readPoint('histogram', '{"count":3,"bucketCounts":["1",2,0],"explicitBounds":[0.5,1e3],"sum":0}')).toEqual({
      count: '3',
      bucketCounts: ['1', '2', '0'],
      explicitBounds: [0.5, 1000],
      sum: 0,
    });
    const exponential =
      '{"scale":-2147483648,"positive":{"offset":-3,"bucketCounts":[1,"18446744073709551615"]},"zeroThreshold":"Infinity"}';
    expect(readPoint('exponentialHistogram', exponential)).toEqual({
      scale: -2147483648,
      positive: { offset: -3, bucketCounts: ['1', '18446744073709551615'] },
      zeroThreshold: 'Infinity',
    });
  });

  it('reads doubles as JSON.parse does', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer(), fc.maxSafeInteger()),
        (value) => {
          const text = Object.is(value, -0) ? '-0' : String(value);
          const bytes = jsonToProtobuf('logs', record(`{"body":{"doubleValue":${text}}}`));
          expect(bytes.readDoubleLE(bytes.length - 8)).toBe(value);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('reads any text as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), fc.boolean(), (text, ascii) => {
        let json = JSON.stringify(text);
        if (ascii) json = json.replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
        expect(readRecord(`{"eventName":${json}}`)).toEqual(
          text === '' ? {} : { eventName: Buffer.from(text).toString() },
        );
      }),
      { numRuns: 60 },
    );
  });

  it('tolerates a byte order mark and an object without known names', () => {
    expect(jsonToProtobuf('logs', `\ufeff${record('{}')}`).equals(jsonToProtobuf('logs', record('{}')))).toBe(true);
    expect(jsonToProtobuf('logs', '{}').length).toBe(0);
    expect(jsonToProtobuf('logs', '{"resourceSpans":[]}').length).toBe(0);
  });

  it('grows when numbers take more room than their text', () => {
    const json = point('histogram', `{"bucketCounts":[${Array(50_000).fill(1).join()}]}`);
    expect(jsonToProtobuf('metrics', json).length).toBeGreaterThan(400_000);
  });
});

describe('refusals', () => {
  it.each([
    ['', 'not-json', 'expected a JSON object, at byte 0 in $'],
    ['[]', 'not-json', 'expected a JSON object'],
    ['{} x', 'not-json', 'expected the end of the text, at byte 3'],
    [
      '{"resourceLogs":[{"scopeLogs":[{}',
      'not-json',
      'expected a comma or ], at byte 33 in $.resourceLogs[0].scopeLogs[0]',
    ],
    ['{"resourceLogs":[{},]}', 'malformed', 'expected an object, at byte 20 in $.resourceLogs[1]'],
    ['{"resourceLogs":{}}', 'malformed', 'expected an array, at byte 16 in $.resourceLogs'],
    ['{"resourceLogs":[null]}', 'malformed', 'expected an object'],
    ['{resourceLogs:[]}', 'not-json', 'expected a name in double quotes'],
    ['{"a" 1}', 'not-json', 'expected a colon'],
    ['{"a":01}', 'not-json', 'without leading zeros'],
    ['{"a":+1}', 'not-json', 'expected a JSON value'],
    ['{"a":1.}', 'not-json', 'expected a digit'],
    ['{"a":nul}', 'not-json', 'expected a JSON value'],
    ['{"a":"\\x"}', 'not-json', 'expected an escape sequence of JSON'],
    ['{"a":"\\u12g4"}', 'not-json', 'expected four hex digits'],
    ['{"a":"\n"}', 'not-json', 'without control characters'],
    ['{"a":"', 'not-json', 'expected the end of a string'],
    [`{"a":${'['.repeat(600)}`, 'too-deep', 'nest more than 512 deep'],
    [record('{"severityNumber":"SEVERITY_NUMBER_INFO"}'), 'malformed', 'OTLP/JSON has no names for enum values'],
    [record('{"severityNumber":2147483648}'), 'malformed', 'within the range of enum'],
    [record('{"timeUnixNano":-1}'), 'malformed', 'within the range of fixed64'],
    [record('{"timeUnixNano":"18446744073709551616"}'), 'malformed', 'at most 64 bits'],
    [record('{"body":{"intValue":"9223372036854775808"}}'), 'malformed', 'within the range of int64'],
    [record('{"body":{"intValue":1.5}}'), 'malformed', 'expected an integer'],
    [record('{"body":{"intValue":"1x"}}'), 'malformed', 'expected an integer'],
    [record('{"body":{"doubleValue":"nan"}}'), 'malformed', 'expected a number, "NaN"'],
    [record('{"body":{"doubleValue":1e999}}'), 'malformed', 'range of a double'],
    [record('{"body":{"boolValue":"true"}}'), 'malformed', 'expected true or false'],
    [record('{"body":"text"}'), 'malformed', 'expected an object'],
    [record('{"body":{"bytesValue":"a!"}}'), 'malformed', 'expected base64'],
    [record('{"traceId":"abcd"}'), 'malformed', 'expected 32 hex digits'],
    [record('{"spanId":"0123456789abcdeg"}'), 'malformed', 'expected 16 hex digits'],
    [record('{"spanId":"0123456789abcdef00"}'), 'malformed', 'expected 16 hex digits'],
    [record('{"severityText":7}'), 'malformed', 'expected a string'],
  ])('of %s', (json, code, message) => {
    const error = refusal('logs', json);
    expect(error.message).toContain(message);
    expect(error.code).toBe(code);
  });

  it('of values that nest too deep', () => {
    const nested = (depth: number): string =>
      record(`{"body":${'{"arrayValue":{"values":['.repeat(depth - 1)}{"intValue":1}${']}}'.repeat(depth - 1)}}`);
    expect(jsonToProtobuf('logs', nested(64)).length).toBeGreaterThan(0);
    expect(refusal('logs', nested(65)).code).toBe('too-deep');
    expect(refusal('logs', nested(10_000)).code).toBe('too-deep');
  });

  it('of names repeated so often that replacing them would take for ever', () => {
    const list = `"logRecords":[${Array(5_000).fill('{}').join()}]`;
    const json = `{"resourceLogs":[{"scopeLogs":[{${list}${',"schemaUrl":"a"'.repeat(5_000)}}]}]}`;
    expect(refusal('logs', json).message).toContain('expected each name once in an object');
  });

  it('agree with JSON.parse on what is JSON', () => {
    const request = captures.reduce((a, b) => (a.bytes.length < b.bytes.length ? a : b));
    const bytes = fc.constantFrom(...Buffer.from('{}[]",:\\0123456789.eE+-untrfalse \n\0/').values());
    const edits = fc.array(fc.tuple(fc.nat(), fc.oneof(bytes, fc.nat(255)), fc.boolean()), {
      minLength: 1,
      maxLength: 3,
    });
    const outcomes = new Set<string>();
    fc.assert(
      fc.property(edits, (list) => {
        let text = Buffer.from(request.bytes);
        for (const [where, byte, insert] of list) {
          const at = where % text.length;
          text = Buffer.concat([text.subarray(0, at), Buffer.from([byte]), text.subarray(insert ? at : at + 1)]);
        }
        let isJson = true;
        try {
          JSON.parse(text.toString());
        } catch {
          isJson = false;
        }
        try {
          const clean = jsonToProtobuf(request.signal, text);
          expect(isJson).toBe(true);
          expect(validateRequest(request.signal, clean)).toBe(clean);
          expect(breach(requestKind[request.signal], clean)).toBe('');
          outcomes.add('taken');
        } catch (error) {
          if (!(error instanceof OtlpError)) throw error;
          if (error.code === 'not-json') expect(isJson).toBe(false);
          outcomes.add(error.code);
        }
      }),
      { numRuns: 1000 },
    );
    expect([...outcomes].sort()).toEqual(['malformed', 'not-json', 'taken']);
  });
});
