import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../faults/victim.js';

/** A database that runs on loopback. */
export interface Database {
  readonly url: string;
  /** The single number that an instant query answers with; 0 when there is no result. */
  query(promql: string, at: number): Promise<number>;
  stop(): Promise<void>;
}

/** VictoriaMetrics also takes samples while it runs. */
export interface Victoria extends Database {
  /** Takes text exposition with milliseconds, and makes it visible to queries. */
  importText(text: Iterable<string>): Promise<void>;
  /** Makes what came in visible to queries. */
  flush(): Promise<void>;
}

/** Starts VictoriaMetrics with an empty store under `folder`. */
export async function startVictoriaMetrics(path: string, folder: string): Promise<Victoria> {
  const port = await freePort();
  const args = [
    `-storageDataPath=${join(folder, 'data')}`,
    `-httpListenAddr=127.0.0.1:${port}`,
    '-retentionPeriod=100y',
  ];
  const database = await serve(
    spawn(path, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] }),
    port,
    '/health',
    '&nocache=1',
  );
  const flush = async (): Promise<void> => {
    await fetch(`${database.url}/internal/force_flush`);
  };
  return {
    ...database,
    flush,
    async importText(text) {
      const body = [...text].join('');
      const answer = await fetch(`${database.url}/api/v1/import/prometheus`, { method: 'POST', body });
      if (!answer.ok) throw new Error(`import: ${answer.status} ${await answer.text()}`);
      await flush();
    },
  };
}

/** Makes blocks of `text` (OpenMetrics) with promtool, and starts Prometheus on them. */
export async function startPrometheus(
  path: string,
  promtool: string,
  text: Iterable<string>,
  folder: string,
): Promise<Database> {
  const file = join(folder, 'samples.txt');
  await pipeline(Readable.from(text), createWriteStream(file));
  await promisify(execFile)(promtool, ['tsdb', 'create-blocks-from', 'openmetrics', file, join(folder, 'data')], {
    maxBuffer: 2 ** 26,
  });
  await writeFile(join(folder, 'prometheus.yml'), 'global: {}\n');
  const port = await freePort();
  const args = [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    '--storage.tsdb.retention.time=100y',
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  return serve(spawn(path, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] }), port, '/-/ready', '');
}

async function serve(child: ChildProcess, port: number, health: string, extra: string): Promise<Database> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk).slice(-4_000);
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; ; attempt++) {
    if (child.exitCode !== null || attempt > 600) throw new Error(`${child.spawnfile} does not answer:\n${said}`);
    const up = await fetch(url + health).then(
      ({ ok }) => ok,
      () => false,
    );
    if (up) break;
    await wait(50);
  }
  return {
    url,
    async query(promql, at) {
      const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(promql)}&time=${at / 1000}${extra}`);
      const { data, error } = (await answer.json()) as {
        data?: { result: { value: [number, string] }[] };
        error?: string;
      };
      if (data === undefined) throw new Error(`${promql}: ${error}`);
      return Number(data.result[0]?.value[1] ?? 0);
    },
    async stop() {
      child.kill('SIGTERM');
      await Promise.race([gone, wait(10_000).then(() => child.kill('SIGKILL'))]);
    },
  };
}
