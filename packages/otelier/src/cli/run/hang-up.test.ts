import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { bin, build, type Running, start, type Workspace, workspace } from '../../../test/cli-process.js';

beforeAll(build, 120_000);

let at: Workspace;
let run: Running | undefined;
let terminal: ChildProcess | undefined;
beforeEach(() => {
  at = workspace();
});
afterEach(async () => {
  run?.child.kill('SIGKILL');
  await run?.ended;
  terminal?.kill('SIGKILL');
  at.remove();
});

const named = (name: string) => `import { definePipelines, fileExporter, otlpReceiver } from 'otelier';
const doors = otlpReceiver({ grpc: false, http: '127.0.0.1:0' });
export default definePipelines({ logs: { ${name}: { receivers: [doors], exporters: [fileExporter({ dir: './out' })] } } });
`;

const door = (ready: string): string => /http:[^"]+/.exec(ready)![0];

test('SIGHUP without a terminal puts the file in force as it is now, on the same socket; a broken one changes nothing', async () => {
  at.write('pipeline.config.ts', named('events'));
  run = start(['run', '--json'], at);
  const before = door(await run.line('"ready"'));
  at.write('pipeline.config.ts', named('renamed'));
  run.child.kill('SIGHUP');
  const reloaded = await run.line('"reloaded"');
  expect(reloaded).toContain('logs/renamed');
  expect(door(reloaded)).toBe(before);
  at.write('pipeline.config.ts', `${named('broken')}\nthis is not TypeScript`);
  run.child.kill('SIGHUP');
  expect(await run.line('"reload-failed"')).toContain('pipeline.config.ts:');
  at.write(
    'pipeline.config.ts',
    named('events').replace('({ logs', "({ telemetry: { logLevel: 'debug' }, dataDir: './data', logs"),
  );
  run.child.kill('SIGHUP');
  expect(await run.line('"reload-failed"')).toContain('dataDir: expected no dataDir');
  run.child.kill('SIGTERM');
  expect((await run.ended).code).toBe(0);
});

test('SIGHUP while it starts or drains does no harm', async () => {
  at.write('pipeline.config.ts', `process.kill(process.pid, 'SIGHUP');\n${named('events')}`);
  run = start(['run', '--json'], at);
  await run.line('"ready"');
  run.child.kill('SIGTERM');
  run.child.kill('SIGHUP');
  await run.line('"stopped"');
  expect((await run.ended).code).toBe(0);
});

// util-linux; what other systems call so takes other options.
test.runIf(process.platform === 'linux' && existsSync('/usr/bin/script'))(
  'SIGHUP of a terminal that was closed drains, as SIGTERM does',
  async () => {
    at.write('pipeline.config.ts', named('events'));
    const said = (): string =>
      existsSync(join(at.folder, 'said')) ? readFileSync(join(at.folder, 'said'), 'utf8') : '';
    // As an interactive shell passes it on to its jobs; this one lives on to tell how the job ended.
    const command = `trap 'kill -HUP $job' HUP; ${process.execPath} ${bin} run --json 2>said & job=$!; wait $job; wait $job; echo "ended with $?" >>said`;
    terminal = spawn('/usr/bin/script', ['-qec', command, '/dev/null'], {
      cwd: at.folder,
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    while (!said().includes('"ready"')) await setTimeout(20);
    terminal.kill('SIGKILL');
    while (!said().includes('ended with')) await setTimeout(20);
    expect(said()).toContain('{"event":"draining","why":"the terminal was closed"');
    expect(said()).toContain('"clean":true');
    // What Node makes of a terminal that is gone is an abort.
    expect(said()).toMatch(/}\nended with 0\n$/);
  },
);
