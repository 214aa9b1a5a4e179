import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeMessage, random } from '../../test/odd-messages.js';
import { meaning, meaningOfJson } from '../../test/oracle.js';
import { recorded } from '../../test/recorded.js';
import { validateRequest } from '../door/validate.js';
import { kindOf, requestKind } from '../schema/schema.js';
import type { Signal } from '../wire/signal.js';
import { jsonToProtobuf } from './parse.js';
import { protobufToJson, renderMessage } from './render.js';

/** JSON with 64-bit integers spelled one way, and without the empty lists that protobuf does not carry. */
function spelledAlike(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(spelledAlike);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, each]) => !(Array.isArray(each) && each.length === 0));
  return Object.fromEntries(
    entries.map(([name, each]) => [
      name,
      /^(intValue|asInt|.*Nano|count)$/.test(name) ? String(each) : spelledAlike(each),
    ]),
  );
}

describe('protobufToJson', () => {
  it('gives back recorded JSON requests', () => {
    for (const { signal, bytes, path } of recorded('json')) {
      const rendered: unknown = JSON.parse(protobufToJson(signal, jsonToProtobuf(signal, bytes)));
      expect(spelledAlike(rendered), path).toEqual(spelledAlike(JSON.parse(bytes.toString())));
    }
  });

  it('and parsing give back recorded protobuf requests byte for byte', () => {
    for (const { signal, bytes, path } of recorded('pb')) {
      expect(jsonToProtobuf(signal, protobufToJson(signal, bytes)).equals(bytes), path).toBe(true);
    }
  });

  it('is read by a JSON mapping of protobuf, ids aside, as what it was', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<Signal>('logs', 'metrics', 'traces'),
        fc.integer(),
        fc.boolean(),
        (signal, seed, odd) => {
          const kind = requestKind[signal];
          const bytes = validateRequest(signal, makeMessage(kind, random(seed), odd ? 0.1 : 0));
          const json = protobufToJson(signal, bytes).replace(
            /"((?:trace|span|parentSpan)Id)":"([0-9a-f]*)"/g,
            (_, name, id) => {
              return `"${name}":"${Buffer.from(id, 'hex').toString('base64')}"`;
            },
          );
          expect(meaningOfJson(kind, json)).toEqual(meaning(kind, bytes));
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each([
    ['AnyValue', '21 000000000000f87f', '{"doubleValue":"NaN"}'],
    ['AnyValue', '21 000000000000f0ff', '{"doubleValue":"-Infinity"}'],
    ['AnyValue', '21 0000000000000080', '{"doubleValue":-0}'],
    ['AnyValue', '18 ffffffffffffffffff01', '{"intValue":"-1"}'],
    ['AnyValue', '18 00', '{"intValue":"0"}'],
    ['AnyValue', '3a 02 fbff', '{"bytesValue":"+/8="}'],
    ['AnyValue', '2a 00', '{"arrayValue":{"values":[]}}'],
    ['AnyValue', '0a 02 ff41', '{"stringValue":"\ufffdA"}'],
    ['AnyValue', '', '{}'],
    ['LogRecord', '09 ffffffffffffffff', '{"timeUnixNano":"18446744073709551615"}'],
    ['LogRecord', '09 0000000001000000', '{"timeUnixNano":"4294967296"}'],
    ['LogRecord', '09 00ca9a3b00000000', '{"timeUnixNano":"1000000000"}'],
    ['LogRecord', '10 00 a00601', '{"severityNumber":0}'],
    ['LogRecord', '4a 02 ABCD', '{"traceId":"abcd"}'],
    ['LogRecord', '32030a0161 1001 32030a0162', '{"attributes":[{"key":"a"},{"key":"b"}],"severityNumber":1}'],
    ['Buckets', '08 05 1204 0102ff01', '{"offset":-3,"bucketCounts":["1","2","255"]}'],
    ['Buckets', '1001 120102', '{"bucketCounts":["1","2"]}'],
    ['Span', '850101000000', '{"flags":1}'],
  ])('renders %s %s', (name, hex, json) => {
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    expect(renderMessage(kindOf(name), bytes, 0, bytes.length)).toBe(json);
  });
});
