import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { identitySamples } from '../../test/detect/identities.js';
import { labels, ordinaryTexts } from '../../test/detect/ordinary.js';
import { type Sample, secretSamples } from '../../test/detect/secrets.js';
import { Detectors, piiDetectors, secretDetectors } from './detect.js';

const detectors = new Detectors([...secretDetectors, ...piiDetectors]);
const suspects = (text: string): boolean => {
  const bytes = Buffer.from(text);
  return detectors.suspects(bytes, 0, bytes.length);
};
const positives: readonly Sample[] = [...secretSamples(), ...identitySamples];
const negatives: readonly string[] = [...labels, ...ordinaryTexts];

/** Samples that are not found, by text. None is known. */
const knownMisses: readonly string[] = [];
/** Texts in which something is found that is none. None is known. */
const knownFalseAlarms: readonly string[] = [];

describe('samples in the forms that providers and public rule sets document', () => {
  test('there are enough of both kinds', () => {
    expect(positives.length).toBeGreaterThanOrEqual(60);
    expect(new Set(negatives).size).toBeGreaterThanOrEqual(200);
  });

  test.each(positives)('$rule: $text', ({ rule, secret, text }) => {
    const found = detectors.find(text);
    const at = text.indexOf(secret);
    const covering = found.find(({ from, to }) => from <= at && to >= at + secret.length);
    expect(found.map(({ from, to, rule: by }) => [by, text.slice(from, to)])).not.toEqual([]);
    expect(covering, 'all of it is covered').toBeDefined();
    expect(covering?.rule).toBe(rule);
    expect(suspects(text)).toBe(true);
  });

  test.each(negatives)('nothing in: %s', (text) => {
    expect(detectors.find(text).map(({ from, to, rule }) => [rule, text.slice(from, to)])).toEqual([]);
  });

  test.each(labels)('an ordinary label is not even looked at: %s', (label) => {
    expect(suspects(label)).toBe(false);
  });

  test('precision and recall', () => {
    const covers = ({ secret, text }: Sample): boolean => {
      const at = text.indexOf(secret);
      return detectors.find(text).some(({ from, to }) => from <= at && to >= at + secret.length);
    };
    const missed = positives.filter((sample) => !covers(sample)).map(({ text }) => text);
    const alarms = negatives.filter((text) => detectors.find(text).length > 0);
    const hits = positives.length - missed.length;
    console.log(
      `secrets and personal data: ${positives.length} samples, ${negatives.length} ordinary texts, ` +
        `precision ${(hits / (hits + alarms.length)).toFixed(3)}, recall ${(hits / positives.length).toFixed(3)}`,
    );
    expect(missed).toEqual(knownMisses);
    expect(alarms).toEqual(knownFalseAlarms);
  });
});
