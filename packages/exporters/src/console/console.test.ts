import { EventEmitter } from 'node:events';
import { ConfigError, type Signal } from '@otelier/core';
import { type AnyValue, buildLogs, buildMetrics, buildTraces } from '@otelier/otlp';
import { canaries, captures } from '@otelier/testing';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { logs, testFlow, testHost } from '../../test/host.js';
import { type ConsoleExporterOptions, consoleExporter } from './console.js';
import { useColor } from './output.js';
import { columns } from './text.js';

beforeAll(() => {
  process.env.TZ = 'UTC';
});

/** A stream that keeps what is written, and can be made to be slow or to break. */
class Screen extends EventEmitter {
  text = '';
  isTTY = false;
  writableNeedDrain = false;
  destroyed = false;
  readonly columns: number | undefined;
  constructor(columns?: number) {
    super();
    this.columns = columns;
  }
  write(text: string): boolean {
    this.text += text;
    return !this.writableNeedDrain;
  }
}

/** What stands on the screen after these batches. */
async function shown(
  batches: readonly { signal: Signal }[],
  options: ConsoleExporterOptions & { columns?: number } = {},
) {
  const { columns: wide, ...rest } = options;
  const screen = new Screen(wide);
  const exporter = consoleExporter({ stream: screen, color: false, ...rest });
  for (const batch of batches) {
    const stage = exporter[batch.signal](testHost());
    await stage.start?.();
    await stage.consume(batch as never, testFlow());
    await stage.close?.();
  }
  return screen.text;
}

const log = (record: {
  body?: AnyValue;
  severityNumber?: number;
  eventName?: string;
  attributes?: Record<string, AnyValue>;
}) =>
  buildLogs([
    {
      resource: { attributes: { 'service.name': 'checkout' } },
      records: [{ timeUnixNano: 1_768_478_400_000_000_000n, ...record }],
    },
  ]);

describe('consoleExporter', () => {
  test.each([
    ['2.1.330', 'tools', 80],
    ['2.1.330', 'tools', 120],
    ['2.1.330', 'subagent', 120],
    ['2.1.330', 'traces', 100],
    ['2.1.9', 'errors', 100],
    ['2.1.9', 'sessions', 100],
  ])('shows Claude Code %s, %s, on %i columns', async (version, scenario, wide) => {
    const [capture] = captures({ version, scenario, protocol: 'http/protobuf' });
    const batches = (capture?.requests ?? []).map((request) => request.batch());
    await expect(await shown(batches, { columns: wide })).toMatchFileSnapshot(
      `snapshots/${version}-${scenario}-${wide}.txt`,
    );
  });

  test('shows no text of prompts, answers or tools of any recorded session', async () => {
    const batches = captures().flatMap(({ requests }) => requests.map((request) => request.batch()));
    const text = await shown(batches, { columns: 2000 });
    // What a server said of an error is what one looks for here; names of skills are redacted before, by those who want that.
    expect(canaries(text).filter((canary) => !/_(?:ERR|SKILL)/.test(canary))).toEqual([]);
  });

  test.each([40, 80, 100, 120])('never grows wider than %i columns', async (wide) => {
    const batches = captures({ version: '2.1.330' }).flatMap(({ requests }) =>
      requests.map((request) => request.batch()),
    );
    for (const line of (await shown(batches, { columns: wide })).split('\n'))
      expect(columns(line)).toBeLessThanOrEqual(wide);
  });

  test('shows logs of other programs', async () => {
    const batches = [
      log({ severityNumber: 9, body: 'order placed', attributes: { 'order.id': 42, region: 'eu' } }),
      log({ severityNumber: 17, body: { error: 'card declined', code: 7 } }),
      log({ eventName: 'cache.miss', attributes: { key: 'basket' } }),
      log({}),
    ];
    expect(await shown(batches, { columns: 80 })).toBe(
      [
        '12:00:00 INFO       checkout           order placed order.id=42 region=eu',
        '12:00:00 ERROR    ✗ checkout           {"error":"card declined","code":7}',
        '12:00:00 checkout   cache.miss         key=basket',
        '12:00:00            checkout',
        '',
      ].join('\n'),
    );
  });

  test('adds up points that differ only in who sent them', async () => {
    const point = (session: string, model: string, value: number) => ({
      attributes: { 'session.id': session, model, type: 'input' },
      timeUnixNano: 1_768_478_400_000_000_000n,
      value,
    });
    const sum = {
      temporality: 'delta',
      monotonic: true,
      points: [
        point('a', 'claude-opus-5-5', 1500),
        point('b', 'claude-opus-5-5', 30),
        point('a', 'claude-haiku-4-5-20251001', 4),
      ],
    } as const;
    const histogram = {
      temporality: 'cumulative',
      points: [{ count: 4, sum: 10, bucketCounts: [4], explicitBounds: [] }],
    } as const;
    const metrics = [
      { name: 'tokens', unit: 'tokens', sum },
      { name: 'latency', unit: 's', histogram },
      { name: 'temperature', gauge: { points: [{ value: 1 }, { value: 21.456 }] } },
    ];
    expect(await shown([buildMetrics([{ metrics }])], { columns: 80 })).toBe(
      [
        '12:00:00 delta    tokens      1,530 tokens input · opus-5-5',
        '12:00:00 delta    tokens          4 tokens input · haiku-4-5',
        '--:--:-- cumul.   latency        4× s      avg 2.5',
        '--:--:-- gauge    temperature 21.46',
        '',
      ].join('\n'),
    );
  });

  test('shows spans with what went wrong', async () => {
    const span = {
      traceId: 'ab'.repeat(16),
      spanId: 'cd'.repeat(8),
      name: 'GET /users',
      startTimeUnixNano: 1_768_478_400_000_000_000n,
      endTimeUnixNano: 1_768_478_401_250_000_000n,
    };
    const batch = buildTraces([
      { spans: [{ ...span, attributes: { 'http.status': 500 }, status: { code: 2, message: 'no such table' } }] },
    ]);
    expect(await shown([batch], { columns: 80 })).toBe(
      '12:00:00 abababab ✗ GET /users                              1.25s no such table\n',
    );
  });
});

describe('records from strangers', () => {
  test('cannot command the terminal', async () => {
    const evil = '\x1b[2J\x1b]0;title\x07 \u202egnp.exe \r\n\u0000 \x9b31m';
    const text = await shown(
      [
        log({ body: evil, attributes: { [evil]: evil } }),
        log({ eventName: evil }),
        log({ attributes: { 'event.name': 'tool_result', tool_name: evil } }),
      ],
      { columns: 2000 },
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(text.replaceAll('\n', '')).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202a-\u202e]/);
    expect(text).toContain('\\e[2J\\e]0;title\\u0007 \\u202egnp.exe \\r\\n');
    expect(text.split('\n')).toHaveLength(4);
  });

  test('keep to one line of the right width, whatever they hold', async () => {
    const value = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.integer(),
      fc.double(),
      fc.boolean(),
    );
    const name = fc.constantFrom(
      'event.name',
      'tool_name',
      'model',
      'cost_usd',
      'duration_ms',
      'input_tokens',
      'success',
      'error',
      'x',
      'session.id',
    );
    const event = fc.constantFrom('api_request', 'api_error', 'tool_result', 'tool_decision', 'user_prompt', 'other');
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(name, value),
        event,
        value,
        fc.integer({ min: 40, max: 130 }),
        async (attributes, kind, body, wide) => {
          const text = await shown([log({ body, attributes: { ...attributes, 'event.name': kind } })], {
            columns: wide,
          });
          const [line = '', ...more] = text.split('\n');
          expect(more).toEqual(['']);
          expect(columns(line)).toBeLessThanOrEqual(wide);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('the stream', () => {
  async function running(screen: Screen) {
    const host = testHost();
    const stage = consoleExporter({ stream: screen, color: false }).logs(host);
    await stage.start?.();
    return { stage, host };
  }

  test('is waited for when it is slow', async () => {
    const screen = new Screen();
    const { stage } = await running(screen);
    screen.writableNeedDrain = true;
    let done = 0;
    const all = [1, 2].map(() => stage.consume(logs(1), testFlow()).then(() => done++));
    await new Promise((resolve) => setImmediate(resolve));
    expect([done, screen.text]).toEqual([0, '']);
    screen.writableNeedDrain = false;
    screen.emit('drain');
    await Promise.all(all);
    expect(screen.text.split('\n')).toHaveLength(3);
  });

  test('may go away: what comes after is dropped, counted and told once', async () => {
    const screen = new Screen();
    const { stage, host } = await running(screen);
    screen.writableNeedDrain = true;
    const flow = testFlow();
    const waiting = stage.consume(logs(2), flow);
    screen.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    await waiting;
    await stage.consume(logs(3), flow);
    expect(flow.drops).toEqual({ 'console closed': 5 });
    expect(host.log).toHaveLength(1);
  });

  test('gets its listeners back, but keeps that for late errors', async () => {
    const screen = new Screen();
    const exporter = consoleExporter({ stream: screen });
    for (let i = 0; i < 3; i++) {
      const stages = [exporter.logs(testHost()), exporter.metrics(testHost())];
      for (const stage of stages) await stage.start?.();
      expect(['error', 'drain', 'close'].map((event) => screen.listenerCount(event))).toEqual([1, 1, 1]);
      for (const stage of stages) await stage.close?.();
    }
    expect(['error', 'drain', 'close'].map((event) => screen.listenerCount(event))).toEqual([1, 0, 0]);
  });
});

describe('colour', () => {
  const terminal = Object.assign(new Screen(), { isTTY: true });
  test.each([
    ['a terminal', 'auto', terminal, {}, true],
    ['a pipe', 'auto', new Screen(), {}, false],
    ['NO_COLOR', 'auto', terminal, { NO_COLOR: '1' }, false],
    ['an empty NO_COLOR', 'auto', terminal, { NO_COLOR: '' }, true],
    ['FORCE_COLOR', 'auto', new Screen(), { FORCE_COLOR: '1' }, true],
    ['FORCE_COLOR=0', 'auto', terminal, { FORCE_COLOR: '0' }, false],
    ['both', 'auto', new Screen(), { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
    ['a dumb terminal', 'auto', terminal, { TERM: 'dumb' }, false],
    ['asked for', true, new Screen(), { NO_COLOR: '1' }, true],
    ['asked not to', false, terminal, { FORCE_COLOR: '1' }, false],
  ] as const)('%s', (_name, color, stream, env, expected) => {
    expect(useColor(color, stream, env)).toBe(expected);
  });

  test('does not change what is said', async () => {
    const batches = () =>
      captures({ version: '2.1.330', scenario: 'tools', protocol: 'http/protobuf' }).flatMap(({ requests }) =>
        requests.map((request) => request.batch()),
      );
    const colored = await shown(batches(), { color: true, columns: 100 });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are made of them
    expect(colored.replace(/\x1b\[\d+m/g, '')).toBe(await shown(batches(), { columns: 100 }));
    expect(colored).toContain('\x1b[');
  });
});

test.each<[ConsoleExporterOptions, string]>([
  [{ width: 10 }, 'consoleExporter: width: expected at least 40'],
  [{ color: 'pink' as 'auto' }, 'consoleExporter: color: expected'],
  [{ stream: {} as never }, 'consoleExporter: stream: expected'],
])('option %j is wrong', (options, message) => {
  expect(() => consoleExporter(options)).toThrow(ConfigError);
  expect(() => consoleExporter(options)).toThrow(message);
});
