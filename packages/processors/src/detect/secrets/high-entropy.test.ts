import { describe, expect, test } from 'vitest';
import { labels, ordinaryTexts } from '../../../test/detect/ordinary.js';
import { highEntropy } from './high-entropy.js';

const find = (text: string, options?: Parameters<typeof highEntropy>[0]): string[] => {
  const found: string[] = [];
  highEntropy(options).find(text, (from, to) => found.push(text.slice(from, to)));
  return found;
};

const base64 = 'kT9vQ2xLr7ZpW4mNc8YbH1sJ';
const hex = '9f86d081884c7d659a2feaa0c55ad015';

describe('highEntropy', () => {
  test.each([
    ['a value drawn by lot', `value ${base64} here`, {}, [base64]],
    ['with padding', `"${base64}=="`, {}, [`${base64}==`]],
    ['a hash, unless asked for', hex, {}, []],
    ['a hash when asked for', hex, { hex: 3 }, [hex]],
    ['one that is shorter than asked for', base64, { minLength: 30 }, []],
    ['one that repeats itself', 'aB1aB1aB1aB1aB1aB1aB1aB1', {}, []],
    ['words', 'theQuickBrownFoxJumpsOverTheLazyDog', {}, []],
    ['an id of a model API', 'toolu_01A09q90qw90lq917835lq9x', {}, []],
  ])('%s', (_name, text, options, expected) => {
    expect(find(text, options)).toEqual(expected);
  });

  test('says nothing of the labels that Claude Code sends', () => {
    expect(labels.flatMap((label) => find(label))).toEqual([]);
  });

  test('says something of few ordinary texts', () => {
    const alarms = ordinaryTexts.filter((text) => find(text).length > 0);
    expect(alarms.length / ordinaryTexts.length).toBeLessThan(0.06);
  });
});
