import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { build, finish, type Workspace, workspace } from '../../../test/cli-process.js';
import {
  claudeCode,
  connector,
  consoleExporter,
  definePipelines,
  type FieldClass,
  fileExporter,
  otlpExporter,
  otlpReceiver,
  type Processor,
  processor,
  queue,
  redactPrompts,
  retry,
  type Signal,
} from '../../index.js';
import { loadConfig } from '../../load-config/load-config.js';
import { canaryClasses } from './canaries/canary.js';
import { encodings } from './canaries/encodings.js';
import type { ExporterReport } from './report.js';
import { runDrill } from './run.js';

const doors = otlpReceiver({ grpc: '127.0.0.1:0', http: '127.0.0.1:0' });
const everything = ['label', 'identity', 'content', 'secret'] as const;

/** What all signals come to that go through these processors to one exporter. */
async function drillOf(processors: readonly Processor<Signal>[], clearance?: readonly FieldClass[]) {
  const exporters = [consoleExporter(clearance === undefined ? {} : { clearance })];
  const pipeline = { receivers: [doors], processors, exporters };
  const config = definePipelines({ logs: { l: pipeline }, metrics: { m: pipeline }, traces: { t: pipeline } });
  const report = await runDrill(config, { seed: 7, sessions: 1 });
  return { report, exporter: report.exporters[0]! };
}

/** Says that it removes everything, and does nothing: `otelier check` believes it. */
const liar = processor('liar', { resource: () => {} }, { removes: ['identity', 'content', 'secret'] });

const reference = fileURLToPath(new URL('../../../../../pipeline.config.ts', import.meta.url));

let bare: Awaited<ReturnType<typeof drillOf>>;
let lied: Awaited<ReturnType<typeof drillOf>>;
let redacted: Awaited<ReturnType<typeof drillOf>>;
beforeAll(async () => {
  bare = await drillOf([]);
  lied = await drillOf([liar], ['label']);
  const { config } = await loadConfig(reference);
  const report = await runDrill(config, { seed: 7, sessions: 1 });
  redacted = { report, exporter: report.exporters[0]! };
}, 120_000);

const leaking = ({ leaks }: ExporterReport) => [...new Set(leaks.map((leak) => leak.class))];

describe('a pipeline without redaction', () => {
  test('leaks every canary that was sent, and loses no label', () => {
    const { report, exporter } = bare;
    expect(report).toMatchObject({ clean: false, refused: {} });
    expect(exporter).toMatchObject({ assumed: true, clearance: ['label', 'identity'] });
    expect(leaking(exporter).sort()).toEqual(['content', 'secret']);
    for (const own of canaryClasses) {
      for (const encoding of encodings) {
        const { sent, through } = exporter.counts.find((each) => each.class === own && each.encoding === encoding)!;
        expect([own, encoding, through]).toEqual([own, encoding, sent]);
        expect(sent).toBeGreaterThan(200);
      }
    }
    expect(exporter.counts.reduce((sum, { sent }) => sum + sent, 0)).toBe(report.canaries);
    expect(exporter.labels.lost).toEqual([]);
    expect(exporter.labels.sent).toBeGreaterThan(1000);
  });

  test('has canaries in every field of the catalogue, and in what is not an attribute', () => {
    const { leaks } = lied.exporter;
    const planted = new Set(leaks.map(({ signal, item, field }) => `${signal} ${item} ${field.split('.')[0]}`));
    const has = (signal: Signal, item: string, field: string) =>
      expect(planted, `${signal} ${item} ${field}`).toContain(`${signal} ${item} ${field.split('.')[0]}`);
    const { common, events, metrics, spans, resource } = claudeCode;
    for (const [item, { fields }] of Object.entries(events))
      for (const field of Object.keys({ ...common, ...fields })) if (field !== 'event.name') has('logs', item, field);
    for (const [item, { fields }] of Object.entries(metrics))
      for (const field of Object.keys(fields)) has('metrics', item, field);
    for (const field of Object.keys(spans)) has('traces', 'claude_code.tool', field);
    for (const signal of ['logs', 'metrics', 'traces'] as const)
      for (const field of Object.keys(resource)) has(signal, 'resource', field);
    const others: [Signal, string, string][] = [
      ['logs', 'any', 'body'],
      ['logs', 'any', 'body[]'],
      ['logs', 'any', 'body (bytes)'],
      ['logs', 'any', 'severity text'],
      ['metrics', 'claude_code.token.usage (exemplar)', 'prompt'],
      ['metrics', 'acme.summary', 'prompt'],
      ['metrics', 'any', 'description'],
      ['traces', 'tool.output', 'content'],
      ['traces', 'link', 'user_prompt'],
      ['traces', 'claude_code.tool', 'status message'],
      ['traces', 'any', 'trace state'],
      ['traces', 'scope', 'prompt'],
    ];
    for (const each of others) has(...each);
  });
});

describe('clearance', () => {
  test('identity leaks to who is cleared for labels only, whatever a processor says of itself', () => {
    expect(lied.exporter).toMatchObject({ assumed: false, clearance: ['label'] });
    expect(leaking(lied.exporter).sort()).toEqual(['content', 'identity', 'secret']);
  });

  test('wrappers and several places are one exporter, with what it declares', async () => {
    const cloud = queue(retry(otlpExporter({ endpoint: 'http://127.0.0.1:9', clearance: everything })));
    const open = fileExporter({ dir: '/dev/null/none' });
    const copy = connector('copy', 'logs', 'logs', (out) => ({ consume: out }));
    const config = definePipelines({
      dataDir: '/dev/null/none',
      logs: {
        one: { receivers: [doors], exporters: [cloud, copy.input] },
        two: { receivers: [copy.output], exporters: [cloud, open] },
      },
    });
    const { exporters, clean } = await runDrill(config, { seed: 7, sessions: 1 });
    expect(exporters.map(({ exporter, paths, leaks }) => [exporter, paths, leaks.length > 0])).toEqual([
      ['queue', ['logs.one.exporters[0]', 'logs.two.exporters[0]'], false],
      ['file', ['logs.two.exporters[1]'], true],
    ]);
    expect(clean).toBe(false);
  });
});

describe('the reference pipeline', () => {
  test('keeps private texts, and the labels that people count by', () => {
    const { exporter } = redacted;
    const fields = new Set(exporter.leaks.map(({ field }) => field));
    for (const masked of ['prompt', 'prompt_text', 'response', 'error', 'tool_input.command', 'status message'])
      expect(fields).not.toContain(masked);
    const lost = exporter.labels.lost.flatMap(({ fields: names }) => names);
    // Which it drops on purpose, from metrics.
    expect(lost).toEqual(['session.id']);
  });

  test('leaks nothing of what redactPrompts says that it removes, and the rest is found', () => {
    const removed = redactPrompts().removes ?? [];
    const leaks = leaking(redacted.exporter);
    expect(['content', 'secret'].map((own) => [own, leaks.includes(own as never)])).toEqual(
      ['content', 'secret'].map((own) => [own, !removed.includes(own as FieldClass)]),
    );
  });
});

describe('labels', () => {
  test('that are lost on the way are told', async () => {
    const forget = processor('forget', { logRecord: ({ attributes }) => void attributes.delete('model') });
    const pipeline = { receivers: [doors], processors: [forget], exporters: [consoleExporter()] };
    const { exporters } = await runDrill(definePipelines({ logs: { l: pipeline } }), { seed: 7, sessions: 1 });
    const [{ labels }] = exporters as [ExporterReport];
    expect(labels.lost.flatMap(({ fields }) => fields)).toEqual(['model']);
    expect(labels.lost.flatMap(({ items }) => items)).toEqual(expect.arrayContaining(['api_request', 'api_error']));
  });
});

test('the same seed plants the same, another seed and another session something else', async () => {
  const canaries: string[][] = [];
  const collect = () => {
    const seen: string[] = [];
    canaries.push(seen);
    return processor('collect', { dataPoint: ({ attributes }) => void seen.push(String(attributes.get('acme.note'))) });
  };
  for (const [seed, sessions] of [
    [1, 1],
    [1, 1],
    [2, 1],
    [1, 2],
  ] as const) {
    const pipeline = { receivers: [doors], processors: [collect()], exporters: [consoleExporter()] };
    await runDrill(definePipelines({ metrics: { m: pipeline } }), { seed, sessions });
  }
  const [one, again, other, two] = canaries as [string[], string[], string[], string[]];
  expect(again).toEqual(one);
  expect(other).not.toEqual(one);
  expect(two.slice(0, one.length)).toEqual(one);
  expect(two.slice(one.length)).toHaveLength(one.length);
  expect(two.slice(one.length)).not.toEqual(one);
});

describe('otelier drill', () => {
  beforeAll(build, 120_000);
  let at: Workspace;
  beforeEach(() => {
    at = workspace();
  });
  afterEach(() => at.remove());
  const file = (exporter: string, processors = '') =>
    at.write(
      'pipeline.config.ts',
      `import { consoleExporter, definePipelines, filter, fileExporter, otlpReceiver } from 'otelier';
export default definePipelines({
  dataDir: './data',
  logs: { events: { receivers: [otlpReceiver()], processors: [${processors}], exporters: [${exporter}] } },
});
`,
    );

  test('says what leaked and ends with 1; no canary is printed, nothing is written', async () => {
    file(`consoleExporter(), fileExporter({ dir: './out' })`);
    const { code, stdout, stderr } = await finish(['drill', '--seed', '5'], at);
    expect(code).toBe(1);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^Drill of pipeline\.config\.ts: 1 session, [\d,]+ requests, [\d,]+ canaries, seed 5\n/);
    expect(stdout).toMatch(/secret +(\d[\d,]*)\/\1 .* LEAKS\n/);
    expect(stdout).toMatch(/identity .* cleared \(assumed\)\n/);
    expect(stdout).toMatch(/console, file · logs · .* · clear, json, .*base64 · secret, content\n/);
    expect(stdout).toContain('2 of 2 exporters: private data would have left.');
    expect(stdout).not.toMatch(/ghp_|sk-ant|example\.org|BEGIN/);
    expect(await finish(['drill', '--seed', '5'], at)).toMatchObject({ code: 1, stdout });
    expect(() => readFileSync(`${at.folder}/data`)).toThrow('ENOENT');
    expect(() => readFileSync(`${at.folder}/out`)).toThrow('ENOENT');
  });

  test('ends with 0 when nothing leaked; --json has all of it', async () => {
    file(`consoleExporter({ clearance: ['label', 'identity', 'content', 'secret'] })`);
    const { code, stdout } = await finish(['drill', '--json', '--sessions', '2'], at);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ clean: true, sessions: 2, exporters: [{ assumed: false, leaks: [] }] });
  });

  test('proves nothing when nothing comes out', async () => {
    file('consoleExporter()', 'filter({ keep: { events: [] }, logRecord: () => false })');
    const { code, stdout } = await finish(['drill'], at);
    expect(stdout).toContain('Nothing came out, so nothing is proved.');
    expect(code).toBe(1);
  });

  test.each([
    [['drill', 'none.ts'], 'there is no such file'],
    [['drill', '--seed', 'x'], "--seed: expected a whole number from 0, got 'x'"],
    [['drill', '--sessions', '0'], "--sessions: expected a whole number from 1, got '0'"],
    [['drill', '--session', '1'], 'unknown option'],
  ])('%j is a mistake', async (args, message) => {
    const { code, stderr } = await finish(args, at);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});
