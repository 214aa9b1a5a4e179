import { buildLogs, LogsBatch } from '@otelier/otlp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { delimited, string } from '../../test/everywhere.js';
import type { Catalogue } from '../catalogue/catalogue.js';
import { claudeCode } from '../catalogue/catalogue.js';
import { fieldsByEvent } from '../catalogue/fields-by-event.js';
import { redactBatch } from './redact.js';

type Attribute = readonly [name: string, text: string];

/** A log record with these attributes in this order; `eventName` is OTLP's own field. */
function record(attributes: readonly Attribute[], eventName?: string): Buffer {
  const listed = attributes.map(([name, text]) =>
    delimited(6, Buffer.concat([string(name), delimited(2, string(text))])),
  );
  return delimited(
    2,
    Buffer.concat([...listed, ...(eventName === undefined ? [] : [delimited(12, Buffer.from(eventName))])]),
  );
}

const request = (...records: Buffer[]): LogsBatch =>
  LogsBatch.parse(delimited(1, delimited(2, Buffer.concat(records))));
const attributesOf = (batch: LogsBatch): Record<string, unknown>[] =>
  Array.from(batch.records(), ({ attributes }) => attributes.toObject());

test('Claude Code has one field of which an event says less than its name', () => {
  const found = Array.from(fieldsByEvent(claudeCode), ([name, events]) => [name, [...events.keys()]]);
  expect(found).toEqual([['response', ['feedback_survey']]]);
});

describe('response, which is content in one event and a label in another,', () => {
  const of = (...attributes: Attribute[]) => attributesOf(redactBatch(request(record(attributes))))[0]?.response;
  const masked = '[redacted 4 chars]';

  test.each<[string, Attribute[], string]>([
    [
      'stays as the answer to a survey',
      [
        ['event.name', 'feedback_survey'],
        ['response', 'good'],
      ],
      'good',
    ],
    [
      'whatever comes first on the wire',
      [
        ['response', 'good'],
        ['event.name', 'feedback_survey'],
      ],
      'good',
    ],
    [
      'and is masked as what a model said',
      [
        ['response', 'good'],
        ['event.name', 'assistant_response'],
      ],
      masked,
    ],
    [
      'in an event that nobody knows',
      [
        ['response', 'good'],
        ['event.name', 'feedback'],
      ],
      masked,
    ],
    ['without an event', [['response', 'good']], masked],
    [
      'when the record says two things',
      [
        ['event.name', 'feedback_survey'],
        ['response', 'good'],
        ['event.name', 'x'],
      ],
      masked,
    ],
  ])('%s', (_, attributes, expected) => {
    expect(of(...attributes)).toBe(expected);
  });

  test.each(['feedback_survey', 'claude_code.feedback_survey'])('stays with %s as OTLP’s own event name', (name) => {
    const [one] = attributesOf(redactBatch(request(record([['response', 'good']], name))));
    expect(one).toEqual({ response: 'good' });
  });

  test('is masked in a survey too when it is a sentence or holds a secret', () => {
    expect(of(['event.name', 'feedback_survey'], ['response', 'tell my boss'])).toBe('[redacted 12 chars]');
    expect(of(['event.name', 'feedback_survey'], ['response', 'ada@lovelace.org'])).not.toContain('lovelace');
  });

  test('is what options say, in every event', () => {
    const survey = () =>
      request(
        record([
          ['event.name', 'feedback_survey'],
          ['response', 'good'],
        ]),
      );
    expect(attributesOf(redactBatch(survey(), { fields: { response: 'content' } }))[0]?.response).toBe(masked);
    expect(attributesOf(redactBatch(survey(), { fields: { response: { action: 'drop' } } }))[0]).not.toHaveProperty(
      'response',
    );
    expect(attributesOf(redactBatch(survey(), { catalogue: false }))[0]?.response).toBe(masked);
  });

  test('is content on spans and resources', () => {
    const batch = buildLogs([
      { resource: { attributes: { 'event.name': 'feedback_survey', response: 'good' } }, records: [{ body: 'x' }] },
    ]);
    expect(redactBatch(batch).toJson()).not.toContain('"good"');
  });
});

test('of any catalogue: a text stays where it is a label, and nowhere else, however records with the same bytes follow each other', () => {
  const classes = ['label', 'content', 'secret'] as const;
  const events = ['a', 'b', 'c', 'nobody'];
  const names = ['x', 'y', 'z'];
  const event = fc.record(Object.fromEntries(names.map((name) => [name, fc.option(fc.constantFrom(...classes))])));
  const sent = fc.record({
    event: fc.option(fc.constantFrom(...events)),
    names: fc.shuffledSubarray(names),
    at: fc.nat(3),
    own: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.tuple(event, event, event), fc.array(sent, { minLength: 1, maxLength: 8 }), (defined, records) => {
      const catalogue: Catalogue = {
        ...{ name: 'test', version: '1', resource: {}, common: {}, metrics: {}, spans: {} },
        events: Object.fromEntries(
          defined.map((fields, i) => [
            events[i],
            {
              fields: Object.fromEntries(
                Object.entries(fields).flatMap(([name, own]) =>
                  own === null ? [] : [[name, { class: own, type: 'string' }]],
                ),
              ),
            },
          ]),
        ),
      };
      const strictest = (name: string) =>
        Math.max(-1, ...defined.map((fields) => classes.indexOf(fields[name] as (typeof classes)[number])));
      const bytes = records.map(({ event: of, names: order, at, own }) => {
        const attributes: Attribute[] = order.map((name) => [name, 'word']);
        if (of === null) return record(attributes);
        if (own) return record(attributes, of);
        return record(attributes.toSpliced(at, 0, ['event.name', of]));
      });
      const after = attributesOf(redactBatch(request(...bytes), { catalogue }));
      for (const [i, { event: of, names: order }] of records.entries())
        for (const name of order) {
          const said = defined[events.indexOf(of ?? '')]?.[name] ?? undefined;
          const own = said === undefined ? strictest(name) : classes.indexOf(said as (typeof classes)[number]);
          // Nobody's name: judged by its value.
          expect(after[i]?.[name] === 'word', `${name} of record ${i}`).toBe(own <= 0);
        }
    }),
    { numRuns: Number(process.env.OTELIER_FUZZ_RUNS ?? 300) },
  );
});
