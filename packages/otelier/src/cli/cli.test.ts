import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { build, finish, type Running, start, type Workspace, workspace } from '../../test/cli-process.js';

beforeAll(build, 120_000);

let at: Workspace;
const running: Running[] = [];
beforeEach(() => {
  at = workspace();
});
afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
  at.remove();
});

function launch(args: readonly string[], env: Record<string, string> = {}): Running {
  const run = start(args, at, env);
  running.push(run);
  return run;
}

const doors = `const doors = otlpReceiver({ grpc: '127.0.0.1:0', http: '127.0.0.1:0' });`;
const good = `import { definePipelines, fileExporter, otlpReceiver } from 'otelier';
${doors}
export default definePipelines({
  logs: { events: { receivers: [doors], exporters: [fileExporter({ dir: './out' })] } },
});
`;

interface Ready {
  readonly endpoints: Record<string, string[]>;
  readonly pipelines: string[];
}

async function httpDoor(run: Running): Promise<string> {
  const { endpoints } = JSON.parse(await run.line('"ready"')) as Ready;
  return Object.values(endpoints)
    .flat()
    .find((endpoint) => endpoint.startsWith('http://'))!;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const oneLog = JSON.stringify({
  resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: 'hello' } }] }] }],
});

function post(door: string): Promise<Response> {
  return fetch(`${door}/v1/logs`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: oneLog });
}

describe('run', () => {
  test('says what runs, where, and what to do next; takes data; drains and exits 0 on SIGTERM', async () => {
    at.write('pipeline.config.ts', good);
    const run = launch(['run']);
    await run.line('otelier runs pipeline.config.ts');
    await run.line('Ctrl-C');
    expect(run.stderr).toMatch(/listens on grpc:\/\/127\.0\.0\.1:\d+\n {13}http:\/\/127\.0\.0\.1:\d+/);
    const door = /http:\/\/127\.0\.0\.1:\d+/.exec(run.stderr)![0];
    expect(run.stderr).toContain(`eval "$(npx otelier env --endpoint ${door})" && claude`);
    expect((await post(door)).status).toBe(200);
    run.child.kill('SIGTERM');
    const { code, stderr, stdout } = await run.ended;
    expect(stderr).toContain('SIGTERM, delivering what is in flight');
    expect(stderr).toContain('nothing was lost: 1 delivered');
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  });

  test('a second signal closes at once, and what was given back makes the exit code 1', async () => {
    at.write(
      'pipeline.config.ts',
      `import { definePipelines, exporter, otlpReceiver } from 'otelier';
${doors}
const never = exporter('never', { logs: () => { console.error('{"event":"got"}'); return new Promise<void>(() => {}); } });
export default definePipelines({ logs: { events: { receivers: [doors], exporters: [never] } } });
`,
    );
    const run = launch(['run', '--json']);
    const answer = post(await httpDoor(run)).then(
      (response) => response.status,
      () => 0,
    );
    await run.line('"got"');
    run.child.kill('SIGINT');
    await run.line('"draining"');
    run.child.kill('SIGINT');
    const report = JSON.parse(await run.line('"stopped"')) as Record<string, unknown>;
    expect(report).toMatchObject({ abandoned: 1, clean: false });
    expect((await run.ended).code).toBe(1);
    expect(await answer).not.toBe(200);
  });

  // What it has to tell: it starts, it refuses for now what nobody takes, it stops.
  const telling = (port: number) => `import { definePipelines, exporter, otlpReceiver, PipelineError } from 'otelier';
const away = exporter('away', { logs: async () => { throw new PipelineError('unavailable', 'away'); } });
const doors = otlpReceiver({ grpc: false, http: '127.0.0.1:${port}' });
export default definePipelines({ logs: { events: { receivers: [doors], exporters: [away] } } });
`;

  test.each([[['run']], [['run', '--json']]])('goes on when nobody reads any more what it says: %s', async (args) => {
    const port = await freePort();
    at.write('pipeline.config.ts', telling(port));
    const run = launch(args);
    await run.line(args.length > 1 ? '"ready"' : 'Ctrl-C');
    run.child.stderr!.destroy();
    for (let i = 0; i < 2; i++) expect((await post(`http://127.0.0.1:${port}`)).status).toBe(503);
    run.child.kill('SIGTERM');
    expect((await run.ended).code).toBe(0);
  });

  test.runIf(existsSync('/dev/full')).each([[['run']], [['run', '--json']]])(
    'starts and goes on when the disk has no room for what it says: %s',
    async (args) => {
      const port = await freePort();
      at.write('pipeline.config.ts', telling(port));
      const full = openSync('/dev/full', 'w');
      const run = start(args, at, {}, full);
      running.push(run);
      closeSync(full);
      let status = 0;
      while (status === 0) {
        expect(run.child.exitCode).toBeNull();
        status = await post(`http://127.0.0.1:${port}`).then(
          (response) => response.status,
          () => 0,
        );
        await setTimeout(20);
      }
      expect(status).toBe(503);
      run.child.kill('SIGTERM');
      expect((await run.ended).code).toBe(0);
    },
  );

  test('ends by itself, with 0, when its receivers do', async () => {
    at.write('in.jsonl', `${oneLog}\n${oneLog}\n`);
    at.write(
      'replay.config.ts',
      `import { definePipelines, fileExporter, otlpFileReceiver } from 'otelier';
export default definePipelines({
  logs: { replay: { receivers: [otlpFileReceiver({ path: './in.jsonl' })], exporters: [fileExporter({ dir: './out' })] } },
});
`,
    );
    const { code, stderr } = await finish(['run', '--json', 'replay.config.ts'], at);
    expect(stderr).toContain('"delivered":2');
    expect(code).toBe(0);
  });

  test('a receiver that fails ends the run with 1', async () => {
    at.write('in.jsonl', 'this is not OTLP\n');
    at.write(
      'replay.config.ts',
      `import { definePipelines, PipelineError, receiver, fileExporter } from 'otelier';
const breaks = receiver('breaks', ['logs'], async () => ({
  done: Promise.reject(new PipelineError('unavailable', 'the disk is gone')),
  stop: async () => {},
  close: async () => {},
}));
export default definePipelines({ logs: { replay: { receivers: [breaks], exporters: [fileExporter({ dir: './out' })] } } });
`,
    );
    const { code, stderr } = await finish(['run', 'replay.config.ts'], at);
    expect(stderr).toContain('a receiver failed');
    expect(code).toBe(1);
  });

  test("the collector's own metrics go where the file says", async () => {
    const bodies: Buffer[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        bodies.push(Buffer.concat(chunks));
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const metrics = `telemetry: { metrics: { endpoint: 'http://127.0.0.1:${port}/v1/metrics' } },`;
    at.write('pipeline.config.ts', good.replace(/\}\);\n$/, `  ${metrics}\n});\n`));
    const run = launch(['run', '--json']);
    expect((await post(await httpDoor(run))).status).toBe(200);
    run.child.kill('SIGTERM');
    expect((await run.ended).code).toBe(0);
    server.close();
    expect(Buffer.concat(bodies).toString('latin1')).toContain('otelcol_receiver_accepted_log_records');
  });

  test('a port that is taken is told in a sentence, exit code 1', async () => {
    at.write('pipeline.config.ts', good);
    const first = launch(['run', '--json']);
    const port = new URL(await httpDoor(first)).port;
    at.write('second.config.ts', good.replace("http: '127.0.0.1:0'", `http: '127.0.0.1:${port}'`));
    const { code, stderr } = await finish(['run', 'second.config.ts'], at);
    expect(stderr).toContain(port);
    expect(stderr).not.toContain('    at ');
    expect(code).toBe(1);
  });
});

describe('run --watch', () => {
  test('a changed file is put in force without closing the doors; a broken one changes nothing', async () => {
    const anyPort = `{ grpc: false, http: '127.0.0.1:0' }`;
    const withShared = (
      name: string,
      options = anyPort,
    ) => `import { definePipelines, fileExporter, otlpReceiver } from 'otelier';
import { folder } from './folder.js';
const doors = otlpReceiver(${options});
export default definePipelines({ logs: { ${name}: { receivers: [doors], exporters: [fileExporter({ dir: folder })] } } });
`;
    at.write('folder.ts', `export const folder: string = './out-1';\n`);
    at.write('pipeline.config.ts', withShared('events'));
    const run = launch(['run', '--watch', '--json']);
    const door = await httpDoor(run);
    expect((await post(door)).status).toBe(200);

    at.write('pipeline.config.ts', withShared('renamed'));
    expect(await run.line('"reloaded"')).toContain('logs/renamed');
    expect((await post(door)).status).toBe(200);

    at.write('pipeline.config.ts', `${withShared('broken')}\nthis is not TypeScript`);
    expect(await run.line('"reload-failed"')).toContain('pipeline.config.ts:');
    expect((await post(door)).status).toBe(200);

    // A file that the pipeline file imports counts as well.
    at.write('folder.ts', `export const folder: string = './out-2';\n`);
    at.write('pipeline.config.ts', withShared('mended'));
    expect(await run.line('"reloaded"')).toContain('logs/mended');
    expect((await post(door)).status).toBe(200);

    // Other options on the same port: the old receiver makes room for the new one.
    const options = `{ grpc: false, http: '${new URL(door).host}', maxBytes: '1MiB' }`;
    at.write('pipeline.config.ts', withShared('bounded', options));
    expect(await run.line('"reloaded"')).toContain('logs/bounded');
    expect((await post(door)).status).toBe(200);
    run.child.kill('SIGTERM');
    const report = JSON.parse(await run.line('"stopped"')) as Record<string, unknown>;
    expect(report).toMatchObject({ delivered: 5, clean: true });
    expect((await run.ended).code).toBe(0);
  });
});

describe('check', () => {
  test('a good file: its graph and exit code 0; --json for machines', async () => {
    at.write('pipeline.config.ts', good);
    const human = await finish(['check'], at);
    expect(human.stdout).toMatch(
      /^logs\/events\n {2}→ otlp .*\n {2}⇒ file .*\n\npipeline\.config\.ts is right: 1 pipeline, 2 components\n$/,
    );
    expect(human.code).toBe(0);
    const { stdout } = await finish(['check', '--json'], at);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, edges: [{ signal: 'logs', pipeline: 'events' }] });
  });

  test('a mistake is told with its place, without a stack, and with exit code 2', async () => {
    at.write('pipeline.config.ts', good.replace("'127.0.0.1:0', http", "'nowhere', http"));
    const { code, stderr, stdout } = await finish(['check'], at);
    expect(stderr).toMatch(/^otelier: pipeline\.config\.ts:2:15: otlpReceiver: grpc: expected host:port [^\n]*\n$/);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  test('no file: says so, exit code 2', async () => {
    const { code, stderr } = await finish(['check', 'nowhere.ts'], at);
    expect(stderr).toBe(
      'otelier: nowhere.ts: expected a pipeline file, but there is no such file (otelier run <file> names another)\n',
    );
    expect(code).toBe(2);
  });
});

describe('graph', () => {
  test('as text, JSON and Mermaid', async () => {
    at.write('pipeline.config.ts', good);
    expect((await finish(['graph'], at)).stdout).toContain('logs/events');
    expect(JSON.parse((await finish(['graph', '--json'], at)).stdout)).toHaveProperty('nodes');
    expect((await finish(['graph', '--mermaid'], at)).stdout).toMatch(/^flowchart LR\n {2}n0\(\["otlp"\]\)/);
  });
});

describe('clearance', () => {
  const cleared = (
    processors: string,
  ) => `import { definePipelines, fileExporter, otlpReceiver, processor } from 'otelier';
${doors}
const exporter = fileExporter({ dir: './out', clearance: ['label', 'identity'] });
const mask = processor('mask', { resource: () => {} }, { removes: ['content', 'secret'] });
export default definePipelines({
  logs: { events: { receivers: [doors], processors: [${processors}], exporters: [exporter] } },
});
`;

  test('check refuses a file through which private data could leave, and says by which way', async () => {
    at.write('pipeline.config.ts', cleared(''));
    const { code, stderr } = await finish(['check'], at);
    expect(stderr).toContain('logs.events.exporters[0]: expected only what file is cleared for (label, identity)');
    expect(stderr).toContain('secret and content can reach it, by otlp -> file: add redactPrompts() before file');
    expect(code).toBe(2);
  });

  test('graph shows who removes and who is cleared for what', async () => {
    at.write('pipeline.config.ts', cleared('mask'));
    const { stdout } = await finish(['graph'], at);
    expect(stdout).toContain('· mask  [removes content and secret]');
    expect(stdout).toContain('[cleared for label and identity]');
  });
});

describe('demo', () => {
  test('recorded sessions go through real doors, and what comes out is what the model API served', async () => {
    const { code, stdout } = await finish(['demo', '--json', '--speed', '1000'], at);
    const result = JSON.parse(stdout) as Record<'served' | 'sent' | 'received', Record<string, number>>;
    expect(result).toMatchObject({ failed: 0, exact: true });
    expect(result.received.tokens).toBe(result.served.tokens);
    expect(result.received.logRecords).toBe(result.sent.logRecords);
    expect(result.received.spans).toBe(result.sent.spans);
    expect(result.received.series).toBeLessThan(result.sent.series! / 4);
    expect(result.sent.privateTexts).toBeGreaterThan(0);
    expect(result.received.privateTexts).toBe(0);
    expect(code).toBe(0);
  });

  test('--endpoint sends to an Otelier that runs; nobody there is told in a sentence', async () => {
    at.write('pipeline.config.ts', good);
    const run = launch(['run', '--json']);
    const endpoint = await httpDoor(run);
    const args = ['demo', '--scenario', 'gzip', '--speed', '1000', '--endpoint'];
    // It takes logs only, so the metrics of the sessions are refused.
    const partly = await finish([...args, endpoint], at);
    expect(partly.stdout).toContain('2 of 4 requests of 2 sessions were not taken.');
    expect(partly.code).toBe(1);
    const nobody = await finish([...args, 'http://127.0.0.1:9'], at);
    expect(nobody.stderr).toContain('nothing takes OTLP at http://127.0.0.1:9: connect ECONNREFUSED');
    expect(nobody.code).toBe(2);
    const unknown = await finish(['demo', '--scenario', 'nothing'], at);
    expect(unknown.stderr).toMatch(/--scenario: expected one of errors, .*, got 'nothing'/);
  });
});

describe('the reference pipeline', () => {
  const reference = fileURLToPath(new URL('../../../../pipeline.config.ts', import.meta.url));
  const free = { OTELIER_GRPC: '127.0.0.1:0', OTELIER_HTTP: '127.0.0.1:0', OTELIER_HEALTH: '127.0.0.1:0' };

  test('runs anywhere: shows events on the screen, keeps them in ./data, redacted', async () => {
    const run = launch(['run', '--json', reference], free);
    const demo = await finish(
      ['demo', '--scenario', 'tools-details', '--speed', '1000', '--endpoint', await httpDoor(run)],
      at,
    );
    expect(demo.code).toBe(0);
    run.child.kill('SIGTERM');
    const { code, stdout } = await run.ended;
    expect(code).toBe(0);
    expect(stdout).toContain('api_request');
    const kept = ['logs', 'metrics'].map((signal) => readFileSync(join(at.folder, 'data', `${signal}.jsonl`), 'utf8'));
    expect(kept.join('')).not.toContain('CANARY_');
    expect(kept[1]).not.toContain('session.id');
    expect(kept[1]).toContain('claude_code.token.usage');
  });

  test('Claude Code variables that name our own doors make no loop, and are told', async () => {
    const own = {
      OTELIER_GRPC: '127.0.0.1:14317',
      OTELIER_HTTP: '127.0.0.1:14318',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:14318',
    };
    const { code, stdout, stderr } = await finish(['check', reference], at, own);
    expect(stderr).toContain("OTEL_EXPORTER_OTLP_ENDPOINT names this pipeline's own receiver (127.0.0.1:14318)");
    expect(stdout).not.toContain('⇒ queue');
    expect(stdout).toContain('otlp (grpc: 127.0.0.1:14317, http: 127.0.0.1:14318, maxBytes: 64MiB)\n');
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
    expect(code).toBe(0);
    const other = { ...free, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.example.com:4318' };
    expect((await finish(['check', reference], at, other)).stdout).toContain('queue');
  });

  test('cumulative when asked for by the usual variable', async () => {
    const env = { ...free, OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'cumulative' };
    expect((await finish(['check', reference], at, env)).stdout).toContain('delta-to-cumulative');
  });
});

describe('the command itself', () => {
  test('an unknown command gets a suggestion and exit code 2', async () => {
    const { code, stderr } = await finish(['rnu'], at);
    expect(stderr).toContain('Did you mean run?');
    expect(code).toBe(2);
  });

  test('--version and --help', async () => {
    expect(await finish(['--version'], at)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
    expect((await finish(['--help'], at)).stdout).toContain('demo');
  });
});
