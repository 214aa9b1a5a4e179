import { Buffer } from 'node:buffer';
import { ConfigError } from '@otelier/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Detector, Detectors, pattern } from '../detect.js';

const findAll = (detector: Detector, text: string): string[] => {
  const found: string[] = [];
  detector.find(text, (from, to) => found.push(text.slice(from, to)));
  return found;
};

describe('pattern', () => {
  test.each<[string | RegExp, string, string[]]>([
    ['EMP-\\d{6}', 'by EMP-123456 and EMP-654321', ['EMP-123456', 'EMP-654321']],
    [/emp-\d{6}/i, 'by EMP-123456', ['EMP-123456']],
    [/^host: (?<name>\w+)$/m, 'x\nhost: web1\ny', ['host: web1']],
    [/a.b/s, 'a\nb', ['a\nb']],
    [/\u0041\/[^\]]+/, 'A/bc]', ['A/bc']],
    ['[\\p{Greek}]+', 'αβγ abc', ['αβγ']],
    ['b+', '😀abb é b', ['bb', 'b']],
  ])('%s finds in %j', (source, text, expected) => {
    expect(findAll(pattern('mine', source), text)).toEqual(expected);
  });

  test('has the class that it is given, and is a secret otherwise', () => {
    expect(pattern('mine', 'abc').class).toBe('secret');
    expect(pattern('mine', 'abc', { class: 'identity' }).class).toBe('identity');
    expect(findAll(pattern('mine', 'abc', { ignoreCase: true }), 'xABCx')).toEqual(['ABC']);
  });

  test.each<[string | RegExp, RegExp]>([
    ['(s3cr3t)\\1', /back-references/],
    [/(?<x>s3cr3t)\k<x>/, /back-references/],
    ['(?=s3cr3t)a', /look-around/],
    ['(?!s3cr3t)a', /look-around/],
    ['(?<=s3cr3t)a', /look-around/],
    [/(?<!s3cr3t)a/, /look-around/],
    ['s3cr3t(', /missing closing/],
    ['[s3cr3t', /missing closing/],
    ['s3cr3t{2000}', /repeat count/],
    ['(s3cr3t)*', /empty text/],
    [/s3cr3t/y, /flags/],
  ])('refuses %s, and says why without saying the pattern', (source, reason) => {
    const error = (() => {
      try {
        pattern('staff number', source);
      } catch (thrown) {
        return thrown;
      }
      return undefined;
    })();
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).message).toMatch(reason);
    expect((error as ConfigError).message).toContain('pattern "staff number"');
    const everything = JSON.stringify([
      (error as Error).message,
      (error as Error).stack,
      String((error as Error).cause),
    ]);
    expect(everything.replace(/\S*\.ts:\d+/g, '')).not.toContain('s3cr3t');
  });

  test('takes escaped backslashes and classes for what they are', () => {
    expect(findAll(pattern('mine', '\\\\1abc'), 'x\\1abc')).toEqual(['\\1abc']);
    expect(findAll(pattern('mine', '[(?=]abc'), '=abc')).toEqual(['=abc']);
  });
});

describe('the literal that a pattern requires', () => {
  test.each<[string | RegExp, string | undefined]>([
    ['EMP-\\d{6}', 'EMP-'],
    ['\\bEMP-\\d{6}\\b', 'EMP-'],
    ['(?:a|b)staff-[0-9]+', 'staff-'],
    ['ab+cdef', 'cdef'],
    ['abcd?', 'abc'],
    ['abc*def', 'def'],
    ['abc{0,3}xyz', 'xyz'],
    ['a\\.b\\.c', 'a.b.c'],
    [/ACME-\d+/i, 'ACME-'],
    [/ticket-\d+/i, 'tic'],
    [/kiosk-\d+/i, undefined],
    ['ab', undefined],
    ['foo|bar', undefined],
    ['x(abc)', undefined],
    ['\\x41bcdef', undefined],
    ['(?i)abcdef', undefined],
    ['\\Qa.b.c\\E', undefined],
    ['[abcdef]+', undefined],
    ['[[:alpha:]abc]def', 'def'],
    ['[]abc]def', 'def'],
  ])('of %s is %j', (source, expected) => {
    expect(pattern('mine', source).clue?.literals?.[0]?.text).toBe(expected);
  });

  test('stands in everything that the pattern finds', () => {
    const atom = fc.oneof(
      fc.constantFrom('abc', 'xyz-', '_id', '\\.', '\\d', '[a-c]', '(?:ab|yz)', '(x)', 'k', 's', '\\w', 'q{0,2}', 'é'),
      fc.constantFrom('abc?', 'xy*', 'z+', '-{2}'),
    );
    const text = fc
      .array(
        fc.constantFrom(
          'abc',
          'ABC',
          'xyz-',
          'XYZ-',
          '_id',
          '.',
          '7',
          'a',
          'yz',
          'x',
          'k',
          '\u212a',
          's',
          '\u017f',
          'q',
          '--',
          'é',
          'z',
        ),
        { maxLength: 10 },
      )
      .map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(fc.array(atom, { minLength: 1, maxLength: 5 }), text, fc.boolean(), (atoms, searched, ignoreCase) => {
        const source = atoms.join('');
        let detector: Detector;
        try {
          detector = pattern('mine', source, { ignoreCase });
        } catch {
          return;
        }
        const detectors = new Detectors([detector]);
        const bytes = Buffer.from(searched);
        if (findAll(detector, searched).length > 0) expect(detectors.suspects(bytes, 0, bytes.length)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('keeps texts without it from being searched; without a literal all are searched', () => {
    const suspects = (detector: Detector, text: string): boolean =>
      new Detectors([detector]).suspects(Buffer.from(text), 0, text.length);
    expect(suspects(pattern('mine', 'EMP-\\d{6}'), 'nothing of the kind')).toBe(false);
    expect(suspects(pattern('mine', 'EMP-\\d{6}'), 'by EMP-123456')).toBe(true);
    expect(suspects(pattern('mine', '[0-9]{3}'), 'nothing of the kind')).toBe(true);
  });
});
