import * as v from 'valibot';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { build, finish, start, type Workspace, workspace } from '../../../test/cli-process.js';
import { soundEnv } from '../../../test/doctor.js';
import { topics } from './finding.js';
import { findingIds } from './finding-ids.js';

beforeAll(build, 120_000);

let at: Workspace;
beforeEach(() => {
  at = workspace();
});
afterEach(() => at.remove());

const given = { value: v.string(), level: v.string(), source: v.string() };
const answer = v.optional(v.looseObject({ kind: v.picklist(['accepted', 'partial', 'refused', 'foreign', 'silent']) }));
const row = {
  generation: v.string(),
  title: v.string(),
  clients: v.string(),
  attributes: v.record(v.string(), v.string()),
  copies: v.optional(v.record(v.string(), v.string())),
  lost: v.boolean(),
  mistakes: v.array(v.string()),
};
const schema = v.strictObject({
  ok: v.boolean(),
  verdict: v.string(),
  counts: v.strictObject({ error: v.number(), warning: v.number(), info: v.number() }),
  sources: v.array(v.strictObject({ level: v.string(), source: v.string() })),
  variables: v.array(v.strictObject({ name: v.string(), ...given, shadowed: v.array(v.strictObject(given)) })),
  targets: v.array(v.strictObject({ signal: v.string(), protocol: v.string(), url: v.optional(v.string()) })),
  findings: v.array(
    v.strictObject({
      id: v.picklist(findingIds),
      topic: v.picklist(topics),
      severity: v.picklist(['error', 'warning', 'info']),
      message: v.string(),
      where: v.optional(v.string()),
      fix: v.optional(v.string()),
    }),
  ),
  resource: v.optional(v.strictObject({ rows: v.array(v.strictObject(row)), corrected: v.optional(v.string()) })),
  probe: v.optional(
    v.strictObject({
      canary: v.string(),
      signals: v.array(v.strictObject({ signal: v.string(), protocol: v.string(), url: v.string(), answer })),
      places: v.array(
        v.strictObject({
          place: v.string(),
          knocks: v.array(v.strictObject({ protocol: v.string(), tls: v.boolean(), answer })),
        }),
      ),
    }),
  ),
  pipelines: v.optional(
    v.strictObject({
      file: v.string(),
      refusals: v.array(v.strictObject({ signal: v.string(), message: v.string() })),
      untaken: v.array(v.string()),
      exits: v.array(
        v.strictObject({
          signal: v.string(),
          exporter: v.string(),
          paths: v.array(v.string()),
          items: v.number(),
          changes: v.array(v.strictObject({ field: v.string(), change: v.string(), to: v.optional(v.string()) })),
          temporality: v.optional(v.string()),
          marked: v.boolean(),
          file: v.optional(v.string()),
        }),
      ),
    }),
  ),
  files: v.array(v.strictObject({ signal: v.string(), file: v.string(), found: v.boolean() })),
});

const config = `import { cumulativeToDelta, definePipelines, dropAttributes, fileExporter, otlpReceiver, queue, redactPrompts } from 'otelier';
const receivers = [otlpReceiver({ grpc: '127.0.0.1:0', http: '127.0.0.1:0' })];
const exporters = [queue(fileExporter({ dir: './out' }))];
export default definePipelines({
  logs: { l: { receivers, processors: [redactPrompts()], exporters } },
  metrics: { m: { receivers, processors: [cumulativeToDelta(), dropAttributes(['session.id'])], exporters } },
});
`;

test('with a running collector all is well, from the door to the file', async () => {
  at.write('pipeline.config.ts', config);
  const run = start(['run', '--json'], at);
  try {
    const { endpoints } = JSON.parse(await run.line('"ready"')) as { endpoints: Record<string, string[]> };
    const endpoint = Object.values(endpoints)
      .flat()
      .find((door) => door.startsWith('http://'))!;
    const env = {
      ...soundEnv,
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'cumulative',
      OTEL_RESOURCE_ATTRIBUTES: 'team.id=a%20b',
    };
    const { code, stdout, stderr } = await finish(['doctor', '--json'], at, env);
    const report = v.parse(schema, JSON.parse(stdout));
    expect(report.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    expect({ code, stderr, ok: report.ok, verdict: report.verdict }).toEqual({
      ...{ code: 0, stderr: '', ok: true },
      verdict: 'The canary of logs and metrics was taken. Nothing is wrong.',
    });
    expect(report.files.map(({ signal, found }) => [signal, found])).toEqual([
      ['logs', true],
      ['metrics', true],
    ]);
    const [logs, metrics] = report.pipelines!.exits;
    expect(logs).toMatchObject({ exporter: 'queue(file)', items: 1, file: './out/logs.jsonl' });
    const changed = logs!.changes.filter(({ change }) => change === 'changed').map(({ field }) => field);
    expect(changed).toEqual(expect.arrayContaining(['attribute prompt', 'attribute response', 'attribute error']));
    expect(metrics!.temporality).toBe('delta');
    expect(metrics!.changes).toEqual(
      expect.arrayContaining([
        { field: 'attribute session.id', change: 'removed' },
        { field: 'temporality', change: 'changed', to: 'delta' },
      ]),
    );
    expect(report.resource!.rows.every(({ attributes }) => attributes['team.id'] === 'a b')).toBe(true);
    const text = await finish(['doctor'], at, env);
    expect(text.stdout).toContain('✓ The canary of logs and metrics was taken. Nothing is wrong.');
    expect(text.stdout).toContain('is in ./out/logs.jsonl');
  } finally {
    run.child.kill('SIGTERM');
    await run.ended;
  }
}, 60_000);

test('errors make the exit code 1, and each comes with its place and the line to put', async () => {
  const rc = at.write('rc', 'export OTEL_RESOURCE_ATTRIBUTES="org.name=My Company,team.id=platform"\n');
  const { code, stdout } = await finish(['doctor', '--no-probe', '--shell', rc], at, soundEnv);
  expect(code).toBe(1);
  expect(stdout).toContain('OTEL_RESOURCE_ATTRIBUTES in rc:1  [resource-lost]');
  expect(stdout).toContain("→ export OTEL_RESOURCE_ATTRIBUTES='org.name=My%20Company,team.id=platform'");
  expect(stdout).toContain('✗ Nothing was sent. 2 errors.');
});

test('wrong use makes it 2', async () => {
  for (const args of [['--shell', 'nope'], ['--settings', 'nope.json'], ['--config', 'nope.ts'], ['--nope']]) {
    const { code, stderr } = await finish(['doctor', '--no-probe', ...args], at, soundEnv);
    expect({ args, code }).toEqual({ args, code: 2 });
    expect(stderr).not.toContain('    at ');
  }
});

test('without any setting it says where to begin', async () => {
  const { code, stdout } = await finish(['doctor'], at);
  expect(code).toBe(1);
  expect(stdout).toContain('no variable about telemetry');
  expect(stdout).toContain('eval "$(npx otelier env)"');
});
