import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { breach } from '../../test/canonical.js';
import { makeMessage, random } from '../../test/odd-messages.js';
import { meaning, official } from '../../test/oracle.js';
import { type Recorded, recorded } from '../../test/recorded.js';
import { kindOf, requestKind } from '../schema/schema.js';
import { OtlpError } from '../wire/error.js';
import type { Signal } from '../wire/signal.js';
import { validateMessage, validateRequest } from './validate.js';

const requests = recorded('pb');
const smallest = (['logs', 'metrics', 'traces'] as const).map((signal) =>
  requests.filter((each) => each.signal === signal).reduce((a, b) => (a.bytes.length < b.bytes.length ? a : b)),
);

/** Validates; undefined when refused with an OtlpError, any other exception escapes. */
function admitted(signal: Signal, bytes: Buffer): Buffer | undefined {
  try {
    return validateRequest(signal, bytes);
  } catch (error) {
    if (error instanceof OtlpError) {
      // expect() is slow for what runs thousands of times.
      if (error.at < 0 || error.at > bytes.length) throw new RangeError(`error at byte ${error.at} of ${bytes.length}`);
      return undefined;
    }
    throw error;
  }
}

/** What is admitted means what it meant, keeps the promises, and is admitted unchanged. */
function expectSound(signal: Signal, bytes: Buffer): boolean {
  const clean = admitted(signal, bytes);
  if (clean === undefined) return false;
  const kind = requestKind[signal];
  expect(breach(kind, clean)).toBe('');
  expect(meaning(kind, clean, 'bytes')).toEqual(meaning(kind, bytes, 'bytes'));
  expect(() => official[signal].decode(clean)).not.toThrow();
  expect(validateRequest(signal, clean)).toBe(clean);
  return true;
}

describe('validateRequest', () => {
  it('hands recorded requests back as they are', () => {
    for (const { signal, bytes, path } of requests) expect(validateRequest(signal, bytes), path).toBe(bytes);
  });

  it('takes an empty request', () => {
    const empty = Buffer.alloc(0);
    expect(validateRequest('logs', empty)).toBe(empty);
  });

  it('refuses a cut request, or takes the prefix for what it is', () => {
    for (const { signal, bytes } of smallest) {
      for (let end = 0; end < bytes.length; end++) {
        if (admitted(signal, bytes.subarray(0, end)) !== undefined && end > 0)
          expect.fail(`admitted when cut at byte ${end}`);
      }
    }
  });

  it('survives edits of any bytes', () => {
    const edit = fc.record({
      request: fc.constantFrom<Recorded>(...smallest),
      edits: fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom('set', 'flip', 'cut', 'insert')), {
        minLength: 1,
        maxLength: 4,
      }),
    });
    let sound = 0;
    fc.assert(
      fc.property(edit, ({ request, edits }) => {
        let bytes = Buffer.from(request.bytes);
        for (const [where, byte, how] of edits) {
          const at = where % bytes.length;
          if (how === 'set') bytes[at] = byte;
          else if (how === 'flip') bytes[at]! ^= 1 << (byte & 7);
          else if (how === 'cut') bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
          else bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from([byte]), bytes.subarray(at)]);
        }
        if (expectSound(request.signal, bytes)) sound++;
      }),
      { numRuns: 800 },
    );
    expect(sound).toBeGreaterThan(100);
  });

  it('survives random bytes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<Signal>('logs', 'metrics', 'traces'),
        fc.uint8Array({ maxLength: 60 }),
        (signal, bytes) => {
          expectSound(signal, Buffer.from(bytes));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('gives oddly spelled requests a canonical form of the same meaning', () => {
    fc.assert(
      fc.property(fc.constantFrom<Signal>('logs', 'metrics', 'traces'), fc.integer(), (signal, seed) => {
        const bytes = makeMessage(requestKind[signal], random(seed), 0.15);
        expect(expectSound(signal, bytes)).toBe(true);
      }),
      { numRuns: 800 },
    );
  });

  it('leaves all that is plainly spelled as it is', () => {
    fc.assert(
      fc.property(fc.constantFrom<Signal>('logs', 'metrics', 'traces'), fc.integer(), (signal, seed) => {
        const bytes = makeMessage(requestKind[signal], random(seed), 0);
        expect(validateRequest(signal, bytes)).toBe(bytes);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the canonical form', () => {
  it.each([
    ['KeyValue', 'value before key', '12030a0162 0a0161', '0a0161 12030a0162'],
    ['KeyValue', 'key twice', '0a0178 0a0161 12030a0162', '0a0161 12030a0162'],
    ['KeyValue', 'no key', '12030a0162', '0a00 12030a0162'],
    ['KeyValue', 'nothing', '', '0a00'],
    ['KeyValue', 'no value', '0a0161', '0a0161'],
    ['KeyValue', 'empty value', '0a0161 1200', '0a0161 1200'],
    ['KeyValue', 'value twice, of which the last wins', '0a0161 12030a0178 12030a0162', '0a0161 12030a0162'],
    [
      'KeyValue',
      'arrays that merge',
      '0a0161 12072a050a030a0178 12072a050a030a0162',
      '0a0161 120c2a0a 0a030a0178 0a030a0162',
    ],
    ['KeyValue', 'an unknown field', '0a0161 1801 12030a0162', '0a0161 12030a0162'],
    ['KeyValue', 'a padded length', '0a8100 61 12030a0162', '0a0161 12030a0162'],
    ['KeyValue', 'a padded tag', '8a000161 12030a0162', '0a0161 12030a0162'],
    ['AnyValue', 'two members', '0a0161 1001', '1001'],
    [
      'AnyValue',
      'a message, another member, the message again',
      '2a050a030a0178 1001 2a050a030a0162',
      '2a050a030a0162',
    ],
    ['AnyValue', 'an unknown field beside a member', '4001 0a0161', '0a0161'],
    ['AnyValue', 'an unknown field alone', '4001', '4001'],
    ['AnyValue', 'true as 2', '1002', '1001'],
    ['AnyValue', 'false as 0 in two bytes', '108000', '1000'],
    ['AnyValue', 'an integer in three bytes', '18818000', '1801'],
    ['AnyValue', 'a negative integer', '18ffffffffffffffffff01', '18ffffffffffffffffff01'],
    ['AnyValue', 'an integer of more than 64 bits', '18ffffffffffffffffff7f', '18ffffffffffffffffff01'],
    ['LogRecord', 'a negative enum in five bytes', '10ffffffff0f', '10ffffffffffffffffff01'],
    ['LogRecord', 'a count of more than 32 bits', '3881808080f001', '3801'],
    ['LogRecord', 'a number twice', '1001 1002', '1002'],
    ['LogRecord', 'body twice, merged', '2a030a0161 2a021001', '2a021001'],
    ['LogRecord', 'a group', 'a306 0801 a406 1001', '1001'],
    ['LogRecord', 'unknown fields', 'a0060110 01a00602', 'a0060110 01a00602'],
    ['Buckets', 'padded counts, packed and not', '1203818000 108100', '120101 1001'],
    ['Sum', 'true as 300', '18ac02', '1801'],
  ])('of a %s with %s', (name, _what, odd, canonical) => {
    // A KeyValue always stands in some other message.
    const inList = name === 'KeyValue';
    const message = (hex: string): Buffer => {
      const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
      return inList ? wrap(0x0a, bytes) : bytes;
    };
    const given = message(odd);
    const expected = message(canonical);
    const kind = kindOf(inList ? 'KeyValueList' : name);
    const clean = validateMessage(kind, name, given, 64);
    expect(clean.toString('hex')).toBe(expected.toString('hex'));
    expect(clean === given).toBe(given.equals(expected));
    expect(breach(kind, clean)).toBe('');
  });
});

describe('an integer in an attribute', () => {
  it('stays when it has as few bytes as it takes, is rewritten when it has more, and refused beyond ten', () => {
    const kind = kindOf('KeyValueList');
    const high = fc.constantFrom(0x80, 0x81, 0xff);
    fc.assert(
      fc.property(fc.array(high, { maxLength: 11 }), fc.constantFrom(0, 1, 2, 127), (more, last) => {
        const spelled = [...more, last];
        const attribute = (varint: readonly number[]): Buffer =>
          wrap(0x0a, Buffer.concat([Buffer.from('0a0161', 'hex'), wrap(0x12, Buffer.from([0x18, ...varint]))]));
        const given = attribute(spelled);
        if (spelled.length > 10) {
          expect(() => validateMessage(kind, 'list', given, 64)).toThrow('varint of more than 10 bytes');
          return;
        }
        const value = spelled.reduceRight((sum, byte) => sum * 128n + BigInt(byte & 127), 0n);
        const minimal: number[] = [];
        let rest = BigInt.asUintN(64, value);
        for (; rest > 127n; rest >>= 7n) minimal.push(Number(rest & 127n) | 128);
        const expected = attribute([...minimal, Number(rest)]);
        const clean = validateMessage(kind, 'list', given, 64);
        expect(clean.toString('hex')).toBe(expected.toString('hex'));
        expect(clean === given).toBe(given.equals(expected));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('refusals', () => {
  it.each([
    ['0a', "varint runs past its parent's end 1, at byte 1"],
    ['0a05', "ExportLogsServiceRequest.resource_logs ends at byte 7, past its parent's end 2, at byte 0"],
    ['0a02 1205', "ResourceLogs.scope_logs ends at byte 9, past its parent's end 4, at byte 2 in resource_logs[0]"],
    ['0a00 0a03 120112', "varint runs past its parent's end 7, at byte 7"],
    ['0a04 1202 1002', 'ScopeLogs has log_records in wire type 0'],
    ['00', 'field number 0'],
    ['0f', 'ExportLogsServiceRequest has resource_logs in wire type 7'],
    ['17', 'field 2 has wire type 7, expected 0 to 3 or 5'],
    ['14', 'field 2 has wire type 4'],
    ['13 08', 'varint runs past'],
    ['13', 'group of field 2 has no end'],
    ['13 1c', 'group of field 2 is closed as field 3'],
    ['10 ffffffffffffffffffff01', 'varint of more than 10 bytes'],
    ['ffffffff7f', 'field number above 2^29'],
    ['11 00000000', "field 2 ends at byte 9, past its parent's end 5"],
    ['15 0000', "field 2 ends at byte 5, past its parent's end 3"],
    ['0affffffffffffffff7f', 'ends at byte'],
    ['0a05 1203 1201 08', 'LogRecord'],
  ])('of %s', (hex, message) => {
    expect(() => validateRequest('logs', Buffer.from(hex.replaceAll(' ', ''), 'hex'))).toThrow(message);
  });

  it('name the request and never its contents', () => {
    const { signal, bytes } = smallest[0]!;
    try {
      validateRequest(signal, bytes.subarray(0, bytes.length - 1));
      expect.unreachable();
    } catch (error) {
      expect(String(error)).toMatch(/^OtlpError: malformed OTLP logs request: /);
      expect(error).toMatchObject({ code: 'malformed', at: 0 });
    }
  });

  it('of values that nest too deep, and of no others', () => {
    const nested = (depth: number): Buffer => {
      let value: Buffer = Buffer.from([0x10, 1]);
      for (let i = 1; i < depth; i++) value = wrap(0x2a, wrap(0x0a, value));
      return wrap(0x0a, wrap(0x12, wrap(0x12, wrap(0x2a, value))));
    };
    expect(validateRequest('logs', nested(64)).length).toBeGreaterThan(0);
    expect(() => validateRequest('logs', nested(65))).toThrow('values nest more than 64 deep');
    expect(() => validateRequest('logs', nested(5000))).toThrow(expect.objectContaining({ code: 'too-deep' }));
    expect(() => validateRequest('logs', nested(4), 3)).toThrow('values nest more than 3 deep');
    const groups = Buffer.concat([Buffer.alloc(5000, 0x13), Buffer.alloc(5000, 0x14)]);
    expect(() => validateRequest('logs', groups)).toThrow(expect.objectContaining({ code: 'too-deep' }));
  });
});

/** A length-delimited field. */
function wrap(tag: number, value: Buffer): Buffer {
  const length: number[] = [];
  let rest = value.length;
  for (; rest > 127; rest >>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([tag, ...length, rest]), value]);
}
