import { crc32 } from 'node:zlib';
import { random } from '@otelier/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pieceLength } from './canary.js';
import { identities } from './identities.js';
import { proses } from './prose.js';
import { secrets } from './secrets.js';

const kinds = [...secrets, ...proses, ...identities];
const seeds = fc.integer({ min: 0, max: 2 ** 31 });

/** Doubles every second digit from the right, as ISO/IEC 7812 has it. */
function luhn(digits: string): number {
  const values = [...digits].reverse().map((digit, i) => Number(digit) * (i % 2 === 1 ? 2 : 1));
  return values.reduce((sum, value) => sum + (value > 9 ? value - 9 : value), 0) % 10;
}

describe.each(kinds.map((kind) => [kind.name, kind] as const))('%s', (_, kind) => {
  test('is found by pieces that are in it, and cut so that both sides have one', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { text, pieces, cut } = kind.make(random(seed));
        for (const piece of pieces) {
          expect(text).toContain(piece);
          expect(piece).toMatch(/^[ -~]+$/);
          expect(piece.length).toBeGreaterThanOrEqual(pieceLength);
        }
        if (cut === undefined) return;
        for (const side of [text.slice(0, cut), text.slice(cut)])
          expect(pieces.some((piece) => side.includes(piece))).toBe(true);
      }),
    );
  });
});

test.each(['github-token', 'npm-token'])('%s ends in the checksum that the provider documents', (name) => {
  const kind = secrets.find((each) => each.name === name)!;
  for (let seed = 0; seed < 50; seed++) {
    const { text } = kind.make(random(seed));
    const [, body, check] = /^[a-z]+_(\w{30})(\w{6})$/.exec(text)!;
    const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    expect([...check!].reduce((sum, digit) => sum * 62 + alphabet.indexOf(digit), 0)).toBe(crc32(body!));
  }
});

test('cards have a valid last digit', () => {
  const kind = identities.find(({ name }) => name === 'card')!;
  expect(luhn('4111111111111111')).toBe(0);
  expect(luhn('4111111111111112')).not.toBe(0);
  for (let seed = 0; seed < 50; seed++) expect(luhn(kind.make(random(seed)).text.replaceAll(' ', ''))).toBe(0);
});

test('addresses are such that nobody has', () => {
  const make = (name: string) => identities.find((kind) => kind.name === name)!.make(random(1)).text;
  expect(make('email')).toMatch(/@\w+\.example\.org$/);
  expect(make('ipv6')).toMatch(/^2001:db8:/);
});

test('texts are longer than labels', () => {
  for (const kind of proses) expect(kind.make(random(1)).text.length).toBeGreaterThan(100);
});
