import { describe, expect, test } from 'vitest';
import {
  ConfigError,
  connector,
  createCollector,
  definePipelines,
  exporter,
  type FieldClass,
  type PipelinesConfig,
  processor,
  receiver,
} from '../index.js';

const door = receiver('door', ['logs', 'metrics'], async () => ({ stop: async () => {}, close: async () => {} }));
const to = (name: string, ...clearance: FieldClass[]) => exporter(name, { logs: async () => {} }, { clearance });
const open = exporter('open', { logs: async () => {} });
const removing = (name: string, ...removes: FieldClass[]) => processor(name, { logs: (batch) => batch }, { removes });
const plain = processor('plain', { logs: (batch) => batch });
const counts = (removes: FieldClass[]) =>
  connector('counts', 'logs', 'metrics', () => ({ consume: async () => {} }), { removes });
const again = () => connector('again', 'logs', 'logs', (out) => ({ consume: out }));
const metricsTo = (...clearance: FieldClass[]) => exporter('series', { metrics: async () => {} }, { clearance });

type Logs = NonNullable<PipelinesConfig['logs']>[string];
const logs = (processors: Logs['processors'], ...exporters: Logs['exporters']): PipelinesConfig => ({
  logs: { events: { receivers: [door], ...(processors && { processors }), exporters } },
});

function twoSteps(before: Logs['processors'] = [], after: Logs['processors'] = []): PipelinesConfig {
  const { input, output } = again();
  // The second comes first in the file: the order of the stream counts.
  return {
    logs: {
      second: { receivers: [output], processors: after, exporters: [to('cloud', 'label', 'identity')] },
      first: { receivers: [door], processors: before, exporters: [open, input] },
    },
  };
}

function counted(removes: FieldClass[]): PipelinesConfig {
  const { input, output } = counts(removes);
  return {
    logs: { events: { receivers: [door], exporters: [input] } },
    metrics: { usage: { receivers: [output], exporters: [metricsTo('label', 'identity')] } },
  };
}

function twoDoors(): PipelinesConfig {
  const { input, output } = again();
  return {
    logs: {
      redacted: { receivers: [door], processors: [removing('redact', 'content', 'secret')], exporters: [input] },
      both: { receivers: [output, door], exporters: [to('cloud', 'label', 'identity')] },
    },
  };
}

/** A processor with an exporter of its own, as validateResource has for what it quarantines. */
function setting(aside: ReturnType<typeof to>, ...removes: FieldClass[]) {
  const sideExits = { exporters: [aside], replaced: () => setting(aside, ...removes) };
  return processor('aside', { logs: (batch) => batch }, { removes, sideExits });
}

describe('clearance', () => {
  test('what a processor delivers itself is followed too, up to that processor', () => {
    const path = 'logs.events.processors[1]: expected only what quarantine is cleared for (label), ';
    const fault =
      'but identity can reach it, by door -> redact -> aside -> quarantine: add redact(strict()) before aside';
    const redacted = removing('redact', 'content', 'secret');
    const behind = (clearance: FieldClass[]) =>
      definePipelines(logs([redacted, setting(to('quarantine', ...clearance), 'identity')], open));
    expect(() => behind(['label'])).toThrow(path + fault);
    expect(() => behind(['label', 'identity'])).not.toThrow();
  });

  test.each<[string, PipelinesConfig, string]>([
    [
      'an exporter that nothing protects',
      logs([plain], open, to('cloud', 'label', 'identity')),
      'logs.events.exporters[1]: expected only what cloud is cleared for (label, identity), but secret and content can reach it, by door -> plain -> cloud: add redactPrompts() before cloud',
    ],
    [
      'one that sees labels only',
      logs([removing('redact', 'secret', 'content')], to('cloud', 'label')),
      'but identity can reach it, by door -> redact -> cloud: add redact(strict()) before cloud',
    ],
    [
      'what removes too little',
      logs([removing('redact', 'content')], to('cloud', 'label', 'identity')),
      'but secret can reach it',
    ],
    [
      'another exporter is no excuse',
      logs([], to('screen', 'label', 'identity', 'content', 'secret'), to('cloud', 'identity')),
      'exporters[1]',
    ],
    [
      'what comes by a connector',
      twoSteps([removing('redact', 'content')]),
      'logs.second.exporters[0]: expected only what cloud is cleared for (label, identity), but secret can reach it, by door -> redact -> again -> cloud',
    ],
    [
      'what a connector makes of another signal',
      counted([]),
      'metrics.usage.exporters[0]: expected only what series is cleared for (label, identity), but secret and content can reach it, by door -> counts -> series',
    ],
    [
      'a second way in',
      twoDoors(),
      'logs.both.exporters[0]: expected only what cloud is cleared for (label, identity), but secret and content can reach it, by door -> cloud',
    ],
    [
      'a class that there is not',
      logs([], to('cloud', 'prompts' as never)),
      'logs.events.exporters[0].clearance: expected a list of label, identity, content, secret',
    ],
    [
      'a clearance that is no list',
      logs([], exporter('cloud', { logs: async () => {} }, { clearance: 'label' as never })),
      'logs.events.exporters[0].clearance: expected a list',
    ],
    [
      'removing what there is not',
      logs([removing('redact', 'everything' as never)], to('cloud', 'label')),
      'logs.events.processors[0].removes: expected a list of label',
    ],
  ])('refuses %s', (_, config, message) => {
    expect(() => definePipelines(config)).toThrow(ConfigError);
    expect(() => definePipelines(config)).toThrow(message);
  });

  test.each<[string, PipelinesConfig]>([
    ['nothing is declared', logs([], open)],
    ['everything else is removed', logs([removing('redact', 'content', 'secret')], to('cloud', 'label', 'identity'))],
    [
      'two remove it together',
      logs([removing('texts', 'content'), plain, removing('keys', 'secret')], to('cloud', 'identity')),
    ],
    ['everything is allowed', logs([], to('vault', 'label', 'identity', 'content', 'secret'))],
    ['labels need no word', logs([removing('redact', 'content', 'secret', 'identity')], to('cloud'))],
    ['it is removed before a connector', twoSteps([removing('redact', 'content', 'secret')])],
    ['it is removed behind a connector', twoSteps([], [removing('redact', 'content', 'secret')])],
    ['the connector removes it', counted(['content', 'secret'])],
  ])('is enough when %s', (_, config) => {
    expect(definePipelines(config)).toBe(config);
  });

  test('is part of the graph that is shown', () => {
    const config = logs([removing('redact', 'content', 'secret')], to('cloud', 'label', 'identity'), open);
    const { nodes } = createCollector(config).graph();
    const traits = nodes.map(({ name, clearance, removes }) => [name, clearance, removes]);
    expect(traits).toEqual([
      ['door', undefined, undefined],
      ['redact', undefined, ['content', 'secret']],
      ['cloud', ['label', 'identity'], undefined],
      ['open', undefined, undefined],
    ]);
  });
});
