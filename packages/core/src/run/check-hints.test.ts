import { expect, test } from 'vitest';
import { checkHints, exporter, type PipelinesConfig, type Processor, receiver, stage, type Traits } from '../index.js';

const named = (name: string, traits: Traits = {}): Processor<'metrics'> =>
  stage(name, { metrics: (next) => ({ consume: next }) }, traits);
const stateful = (name: string): Processor<'metrics'> => named(name, { stateful: true });
const config = (...processors: Processor<'metrics'>[]): PipelinesConfig => ({
  metrics: {
    usage: {
      receivers: [receiver('none', ['metrics'], async () => ({ stop: async () => {}, close: async () => {} }))],
      processors,
      exporters: [exporter('end', { metrics: async () => {} })],
    },
  },
});

test.each<[string, Processor<'metrics'>[], string[]]>([
  ['a plain pipeline', [named('filter'), named('batch')], []],
  ['batch before and after what keeps state', [named('batch'), stateful('a'), stateful('b'), named('batch')], []],
  ['batch in between', [stateful('a'), named('batch'), stateful('b')], ['metrics.usage.processors[1]: batch holds']],
  [
    'a merge of running totals',
    [named('to-cumulative', { stateful: true, produces: 'cumulative' }), named('drop', { merges: true })],
    ['metrics.usage.processors[1]: drop after to-cumulative'],
  ],
  [
    'a merge before they are made',
    [named('drop', { merges: true }), named('to-cumulative', { stateful: true, produces: 'cumulative' })],
    [],
  ],
])('%s', (_, processors, expected) => {
  const hints = checkHints(config(...processors)).map(({ path, message }) => `${path}: ${message}`);
  expect(hints).toEqual(expected.map((start) => expect.stringContaining(start)));
});
