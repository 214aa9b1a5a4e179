import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { Detectors, piiDetectors, secretDetectors } from './detect.js';

const detectors = new Detectors([...secretDetectors, ...piiDetectors]);
const suspects = (text: string): boolean => {
  const bytes = Buffer.from(text);
  return detectors.suspects(bytes, 0, bytes.length);
};
/** A token whose checksum is right. */
const token = `gh${'p_'}zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17`;

describe('what is encoded in a text', () => {
  test.each([
    ['clear', `token ${token} here`, token],
    ['a unicode escape', `\\u0067${token.slice(1)}`, `\\u0067${token.slice(1)}`],
    ['a unicode escape in JSON in JSON', `\\\\u0067${token.slice(1)}`, `\\\\u0067${token.slice(1)}`],
    ['percent', `?t=%67${token.slice(1)}&x=1`, `%67${token.slice(1)}`],
    ['base64', Buffer.from(`my token is ${token}.`).toString('base64'), undefined],
    ['base64url', Buffer.from(`my token is ${token}.`).toString('base64url'), undefined],
  ])('is found in %s, and all of its encoded form is covered', (_form, text, covered = text.replace(/=+$/, '')) => {
    expect(suspects(text)).toBe(true);
    expect(detectors.find(text).map(({ from, to, rule }) => [text.slice(from, to), rule])).toEqual([
      [covered, 'github-token'],
    ]);
  });
});
