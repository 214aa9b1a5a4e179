import { chmodSync } from 'node:fs';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { build, finish, type Running, start, type Workspace, workspace } from '../../test/cli-process.js';

beforeAll(build, 120_000);

let at: Workspace;
let run: Running | undefined;
beforeEach(() => {
  at = workspace();
});
afterEach(async () => {
  run?.child.kill('SIGKILL');
  await run?.ended;
  run = undefined;
  at.remove();
});

// Every way in which a pipeline file can hold a credential; all of them have the mark in them.
const mark = 's3cret';
const config = `import { anyOf, basic, bearer, definePipelines, headersHelper, jwt, otlpExporter, otlpReceiver, queue, retry, secret } from 'otelier';
const doors = otlpReceiver({
  grpc: '127.0.0.1:0',
  http: '127.0.0.1:0',
  auth: anyOf(
    bearer({ tokens: { literal: '${mark}-bearer', env: secret.env('TOKEN'), file: secret.file('./tokens') } }),
    basic({ users: { ada: '${mark}-basic', grace: secret.env('TOKEN') } }),
    jwt({ secret: '${mark}-${'x'.repeat(32)}', issuer: 'i', audience: 'a' }),
  ),
  identity: { 'team.id': 'name' },
});
const endpoint = 'http://127.0.0.1:9';
const exporters = [
  otlpExporter({ endpoint: endpoint + '/?key=${mark}-query', headers: { authorization: '${mark}-header' } }),
  queue(retry(otlpExporter({ endpoint, headers: { authorization: secret\`Basic ${mark}-part \${secret.env('TOKEN')}\` } }))),
  otlpExporter({ endpoint, headers: headersHelper('./helper') }),
  otlpExporter({ endpoint, headers: () => ({ authorization: '${mark}-function' }) }),
];
export default definePipelines({
  logs: { events: { receivers: [doors], exporters } },
  limits: { drain: '500ms' },
  telemetry: { logLevel: 'debug', metrics: { endpoint, interval: '1s', headers: { authorization: secret.env('TOKEN') } } },
});
`;

test('no command prints a credential, whatever way it is given and however its use fails', {
  timeout: 120_000,
}, async () => {
  at.write('pipeline.config.ts', config);
  at.write('tokens', `${mark}-file\n`);
  const helper = '#!/bin/sh\necho \'{"authorization": "s3cret-helper"}\'; echo s3cret-stderr >&2\n';
  chmodSync(at.write('helper', helper), 0o755);
  const env = { TOKEN: `${mark}-env` };
  const said: string[] = [];
  for (const args of [['check'], ['check', '--json'], ['graph'], ['graph', '--json'], ['graph', '--mermaid']]) {
    const { code, stdout, stderr } = await finish(args, at, env);
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    said.push(stdout, stderr);
  }
  expect(said.join()).toContain("secret.env('TOKEN')");
  expect(said.join()).toContain('bearer or basic or jwt');

  run = start(['run'], at, env);
  await run.line('Ctrl-C');
  const door = /http:\/\/127\.0\.0\.1:\d+/.exec(run.stderr)?.[0];
  const basically = `Basic ${Buffer.from(`ada:${mark}-basic`).toString('base64')}`;
  const tokens = ['bearer', 'env', 'file', 'unknown'].map((name) => `Bearer ${mark}-${name}`);
  const body = '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"hello"}}]}]}]}';
  const statuses: number[] = [];
  for (const authorization of [...tokens, basically, 'Basic czNjcmV0'])
    for (const path of ['v1/logs', 'v1/metrics']) {
      const headers = { 'content-type': 'application/json', authorization, cookie: `${mark}-cookie` };
      const answer = await fetch(`${door}/${path}`, { method: 'POST', headers, body });
      statuses.push(answer.status);
      said.push(await answer.text());
    }
  // Nothing listens where the exporters send: whoever is let in is asked to come again.
  expect(statuses).toEqual([503, 404, 503, 404, 503, 404, 401, 401, 503, 404, 401, 401]);
  run.child.kill('SIGTERM');
  const { stdout, stderr } = await run.ended;
  said.push(stdout, stderr);
  expect(said.join('\n')).not.toContain(mark);
  expect(said.join('\n')).not.toContain(basically.slice(6));
  expect(stderr).toContain('wrong credentials');
});

test('a door that is open to everybody is refused before anything starts, with the ways to close it', async () => {
  at.write(
    'pipeline.config.ts',
    `import { consoleExporter, definePipelines, otlpReceiver } from 'otelier';
export default definePipelines({
  logs: { events: { receivers: [otlpReceiver({ http: '0.0.0.0:4318' })], exporters: [consoleExporter()] } },
});
`,
  );
  const { code, stdout, stderr } = await finish(['check'], at);
  expect(code).toBe(2);
  expect(stdout + stderr).toContain('otlpReceiver: http: expected authentication');
  for (const way of ['auth: bearer(', "clientAuth: 'require'", 'a loopback address', 'allowUnauthenticated: true'])
    expect(stdout + stderr).toContain(way);
});
