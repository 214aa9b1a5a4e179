import { buildLogs, type LogRecordData } from '@otelier/otlp';
import { describe, expect, test } from 'vitest';
import { base62, crc32 } from '../detect/secrets/checksums.js';
import { type RedactOptions, redactBatch } from './redact.js';

const random = 'q7Zp3LmXr9TkWv2BnHc8JdYs5Gf4Ea';
const token = `ghp_${random}${base62(crc32(random))}`;
const halves = [token.slice(0, 20), token.slice(20)] as const;
const thirds = [token.slice(0, 14), token.slice(14, 28), token.slice(28)] as const;

/** The parts that are still there. */
function stay(parts: readonly string[], records: LogRecordData[], options?: RedactOptions): string[] {
  const json = redactBatch(buildLogs([{ records }]), options).toJson();
  return parts.filter((part) => json.includes(part));
}

describe('of a secret that is split', () => {
  test.each<[string, readonly string[], LogRecordData['attributes']]>([
    ['two neighbours', halves, { a: halves[0], b: halves[1] }],
    ['two elements of a list', halves, { a: [halves[0], halves[1]] }],
    ['many elements of a list', [...token], { a: [...token] }],
  ])('over %s, not all is there afterwards', (_, parts, attributes) => {
    expect(stay(parts.slice(-1), [{ attributes: attributes! }])).toEqual([]);
  });

  // Held so that the README tells the truth; whoever finds one of these may take it out.
  test.each<[string, readonly string[], LogRecordData[]]>([
    ['three attributes', thirds, [{ attributes: { a: thirds[0], b: thirds[1], c: thirds[2] } }]],
    ['attributes with one between them', halves, [{ attributes: { a: halves[0], b: 1, c: halves[1] } }]],
    ['names of the catalogue', halves, [{ attributes: { model: halves[0], speed: halves[1] } }]],
    ['members of a map', halves, [{ attributes: { m: { a: halves[0], b: halves[1] } } }]],
    ['two items', halves, [{ attributes: { a: halves[0] } }, { attributes: { a: halves[1] } }]],
    ['two attributes, the end first', halves, [{ attributes: { a: halves[1], b: halves[0] } }]],
  ])('over %s, all stays, as the README says', (_, parts, records) => {
    expect(stay(parts, records)).toEqual(parts);
  });

  test('over names that nobody knows, nothing stays with `unknown: content`', () => {
    const attributes = { a: thirds[0], b: thirds[1], c: thirds[2] };
    expect(stay(thirds, [{ attributes }], { unknown: 'content' })).toEqual([]);
  });
});
