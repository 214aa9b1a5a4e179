import { encodeStatus } from '@otelier/otlp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { grpcError } from './grpc-answer.js';
import { patience, retryAfterMs } from './retry-after.js';

const now = Date.UTC(2026, 0, 15, 12);
const day = 86_400_000;

describe('Retry-After', () => {
  test.each<[string, string | undefined, number | undefined]>([
    ['seconds', '7', 7000],
    ['no time at all', '0', 0],
    ['a fraction', '1.5', 1500],
    ['a fraction that floating point cannot hold', '0.07', 70],
    ['a fraction of a millisecond, rounded up', '0.0001', 1],
    ['space around it', ' 3 ', 3000],
    ['an IMF-fixdate', 'Thu, 15 Jan 2026 12:00:30 GMT', 30_000],
    ['an RFC 850 date', 'Thursday, 15-Jan-26 12:00:30 GMT', 30_000],
    ['an asctime date, which is GMT too', 'Thu Jan 15 12:00:30 2026', 30_000],
    ['an asctime date with a day of one digit', 'Sun Feb  1 12:00:00 2026', day],
    ['a date that has passed', 'Thu, 15 Jan 2026 11:00:00 GMT', 0],
    ['more than a day', '99999999999', day],
    ['a number beyond all numbers', '9'.repeat(400), day],
    ['a date years ahead', 'Fri, 15 Jan 2038 12:00:00 GMT', day],
    ['a negative number', '-3', undefined],
    ['a number with a sign', '+3', undefined],
    ['a number in another notation', '1e3', undefined],
    ['half a number', '1.', undefined],
    ['an ISO date, which is no HTTP date', '2026-01-15T12:00:30Z', undefined],
    ['words', 'in a while', undefined],
    ['nothing', '', undefined],
    ['no header', undefined, undefined],
  ])('%s', (_, header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });

  test('is never shorter than asked, in whole milliseconds, whatever it says', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 80_000, noNaN: true }), (seconds) => {
        const text = seconds.toFixed(4);
        const wait = retryAfterMs(text, now) as number;
        expect(Number.isInteger(wait)).toBe(true);
        expect(wait).toBeGreaterThanOrEqual(Number(text) * 1000 - 1e-6);
        expect(wait).toBeLessThan(Number(text) * 1000 + 1);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        const wait = retryAfterMs(text, now);
        expect(wait === undefined || (wait >= 0 && wait <= day)).toBe(true);
      }),
    );
  });
});

test.each([
  ['of less than a millisecond', 0.25, 1],
  ['of years', 1e12, day],
])('a RetryInfo %s', (_, asked, expected) => {
  const statusDetails = encodeStatus({ code: 8, message: 'busy', retryAfterMs: asked }, 'protobuf');
  const error = grpcError({ code: 8, details: '', statusDetails }, 'http://backend');
  expect(error).toMatchObject({ code: 'overloaded', retryAfterMs: expected });
  expect(patience(-5)).toBe(0);
});
