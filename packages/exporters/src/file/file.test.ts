import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ConfigError } from '@otelier/core';
import { buildMetrics, LogsBatch, MetricsBatch } from '@otelier/otlp';
import { captures } from '@otelier/testing';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fakeClock } from '../../test/clock.js';
import { bodies, logs, startLogs, testFlow, testHost } from '../../test/host.js';
import { type FileExporterOptions, fileExporter } from './file.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'otelier-file-'));
});
afterEach(() => {
  chmodSync(dir, 0o700);
  rmSync(dir, { recursive: true, force: true });
});

const lines = (file: string) => readFileSync(join(dir, file), 'utf8').split('\n').slice(0, -1);
const records = (file: string) => lines(file).flatMap((line) => bodies(LogsBatch.fromJson(line)));

/** Writes batches, closes, and answers the host that saw it. */
async function write(options: Partial<FileExporterOptions>, batches: LogsBatch[], host = testHost()) {
  const stage = await startLogs(fileExporter({ ...(options.path === undefined && { dir }), ...options }), host);
  for (const batch of batches) await stage.consume(batch, testFlow());
  await stage.close?.();
  return host;
}

describe('fileExporter', () => {
  test('writes one request per line that reads back as what it was', async () => {
    for (const { requests } of captures({ version: '2.1.330', scenario: 'tools', protocol: 'http/protobuf' })) {
      for (const request of requests) {
        const stage = fileExporter({ dir })[request.signal](testHost());
        await stage.start?.();
        await stage.consume(request.batch() as never, testFlow());
        await stage.close?.();
      }
      const [first] = requests;
      expect(LogsBatch.fromJson(lines('logs.jsonl')[0] as string).toJson()).toBe(first?.batch().toJson());
    }
    expect(readdirSync(dir).sort()).toEqual(['logs.jsonl', 'metrics.jsonl']);
  });

  test('resolves when the line is in the file', async () => {
    const stage = await startLogs(fileExporter({ dir, sync: 'data' }));
    await stage.consume(logs(1), testFlow());
    expect(records('logs.jsonl')).toEqual(['record 0']);
    await stage.close?.();
  });

  test('keeps the order of what is written at the same time', async () => {
    const stage = await startLogs(fileExporter({ dir }));
    await Promise.all(Array.from({ length: 50 }, (_, i) => stage.consume(logs(1, undefined, i), testFlow())));
    await stage.close?.();
    expect(records('logs.jsonl')).toEqual(bodies(logs(50)));
  });

  test('appends after a restart', async () => {
    await write({}, [logs(1, 'a')]);
    await write({}, [logs(1, 'b')]);
    expect(records('logs.jsonl')).toEqual(['a', 'b']);
  });

  test('makes the directory, and both it and the file are for their owner only', async () => {
    const deep = join(dir, 'a', 'b');
    await write({ path: join(deep, 'all.jsonl') }, [logs(1)]);
    expect(statSync(deep).mode & 0o777).toBe(0o700);
    expect(statSync(join(deep, 'all.jsonl')).mode & 0o777).toBe(0o600);
  });

  test('writes nothing for empty batches', async () => {
    await write({}, [logs(0)]);
    expect(lines('logs.jsonl')).toEqual([]);
  });

  test('one path takes all signals, whose pipelines share its writer', async () => {
    const exporter = fileExporter({ path: join(dir, 'all.jsonl') });
    const again = fileExporter({ path: join(dir, 'all.jsonl') });
    const stages = [exporter.logs(testHost()), again.metrics(testHost({ signal: 'metrics' }))] as const;
    for (const stage of stages) await stage.start?.();
    const metrics = () => buildMetrics([{ metrics: [{ name: 'm', gauge: { points: [{ value: 1 }] } }] }]);
    await Promise.all(
      Array.from({ length: 20 }, () => [
        stages[0].consume(logs(1), testFlow()),
        stages[1].consume(metrics(), testFlow()),
      ]).flat(),
    );
    await stages[0].close?.();
    await stages[1].consume(metrics(), testFlow());
    await stages[1].close?.();
    const kinds = lines('all.jsonl').map((line) => Object.keys(JSON.parse(line) as object)[0]);
    expect(kinds.filter((kind) => kind === 'resourceLogs')).toHaveLength(20);
    expect(kinds.filter((kind) => kind === 'resourceMetrics')).toHaveLength(21);
    expect(MetricsBatch.fromJson(lines('all.jsonl').at(-1) as string).count).toBe(1);
  });

  test('does not write for a sender who has given up', async () => {
    const stage = await startLogs(fileExporter({ dir }));
    const flow = testFlow({ signal: AbortSignal.abort() });
    await expect(stage.consume(logs(1), flow)).rejects.toMatchObject({ code: 'deadline' });
    await stage.close?.();
    expect(lines('logs.jsonl')).toEqual([]);
  });
});

describe('a crash in the middle of a line', () => {
  const whole = `${logs(1, 'whole').toJson()}\n`;

  test('is cut off at the next start, and told', async () => {
    writeFileSync(join(dir, 'logs.jsonl'), `${whole}{"resourceLogs":[{"resour`);
    const host = await write({}, [logs(1, 'next')]);
    expect(records('logs.jsonl')).toEqual(['whole', 'next']);
    expect(host.log).toMatchObject([{ level: 'warn', fields: { bytes: 25 } }]);
  });

  test('a whole line that only lacks its newline is kept', async () => {
    writeFileSync(join(dir, 'logs.jsonl'), whole + whole.trimEnd());
    const host = await write({}, [logs(1, 'next')]);
    expect(records('logs.jsonl')).toEqual(['whole', 'whole', 'next']);
    expect(host.log).toEqual([]);
  });

  test('leaves whole lines wherever it happens', async () => {
    const text = Buffer.from(`${logs(1, 'ä'.repeat(70_000)).toJson()}\n${whole}`);
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length), async (length) => {
        writeFileSync(join(dir, 'logs.jsonl'), text.subarray(0, length));
        await write({}, [logs(1, 'next')]);
        const kept = records('logs.jsonl');
        expect(kept.at(-1)).toBe('next');
        expect(kept.length).toBeLessThanOrEqual(3);
      }),
      { numRuns: 30 },
    );
  });
});

describe('rotation', () => {
  const line = () => logs(1, 'x'.repeat(100));
  const lineBytes = line().toJson().length + 1;
  const maxBytes = `${lineBytes * 2}B` as const;

  test('sets a full file aside under its time, and loses no line', async () => {
    const host = testHost({ clock: fakeClock() });
    await write({ maxBytes }, Array.from({ length: 5 }, line), host);
    expect(readdirSync(dir).sort()).toEqual([
      'logs-20260115T120000.000Z-0001.jsonl',
      'logs-20260115T120000.000Z.jsonl',
      'logs.jsonl',
    ]);
    expect(
      readdirSync(dir)
        .map((file) => lines(file).length)
        .sort(),
    ).toEqual([1, 2, 2]);
    for (const file of readdirSync(dir)) expect(statSync(join(dir, file)).size).toBeLessThanOrEqual(lineBytes * 2);
  });

  test('keeps within the size when much is written at once', async () => {
    const stage = await startLogs(fileExporter({ dir, maxBytes, maxFiles: 100 }));
    await Promise.all(Array.from({ length: 21 }, () => stage.consume(line(), testFlow())));
    await stage.close?.();
    for (const file of readdirSync(dir)) expect(statSync(join(dir, file)).size).toBeLessThanOrEqual(lineBytes * 2);
    expect(readdirSync(dir).reduce((sum, file) => sum + lines(file).length, 0)).toBe(21);
  });

  test('a line larger than a file gets a file of its own', async () => {
    await write({ maxBytes: '1B' }, [line(), line()]);
    expect(readdirSync(dir)).toHaveLength(2);
  });

  test('removes the oldest beyond maxFiles, and nothing else', async () => {
    const clock = fakeClock();
    writeFileSync(join(dir, 'logs-of-somebody.jsonl'), '');
    writeFileSync(join(dir, 'metrics-20200101T000000.000Z.jsonl'), '');
    const stage = await startLogs(fileExporter({ dir, maxBytes, maxFiles: 2 }), testHost({ clock }));
    for (let i = 0; i < 12; i++) {
      await stage.consume(line(), testFlow());
      await clock.advance(1000);
    }
    await stage.close?.();
    const files = readdirSync(dir).sort();
    expect(files.filter((file) => file.startsWith('logs-2'))).toEqual([
      'logs-20260115T120008.000Z.jsonl',
      'logs-20260115T120010.000Z.jsonl',
    ]);
    expect(files).toEqual(
      expect.arrayContaining(['logs-of-somebody.jsonl', 'logs.jsonl', 'metrics-20200101T000000.000Z.jsonl']),
    );
  });

  test('compresses what is set aside', async () => {
    await write({ maxBytes, compress: 'gzip' }, Array.from({ length: 3 }, line), testHost({ clock: fakeClock() }));
    expect(readdirSync(dir).sort()).toEqual(['logs-20260115T120000.000Z.jsonl.gz', 'logs.jsonl']);
    expect(gunzipSync(readFileSync(join(dir, 'logs-20260115T120000.000Z.jsonl.gz'))).length).toBe(lineBytes * 2);
  });
});

describe('what goes wrong', () => {
  // A device that is always full: every write fails with ENOSPC.
  test.runIf(existsSync('/dev/full'))('a full disk is told with its path, and may be tried again', async () => {
    const stage = await startLogs(fileExporter({ path: '/dev/full' }));
    for (let i = 0; i < 2; i++) {
      const error = await stage.consume(logs(1), testFlow()).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'unavailable', message: '[unavailable] cannot write /dev/full (ENOSPC)' });
    }
    await stage.close?.();
  });

  test('a directory that cannot be made', async () => {
    writeFileSync(join(dir, 'taken'), '');
    await expect(write({ path: join(dir, 'taken', 'logs.jsonl') }, [])).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(join(dir, 'taken', 'logs.jsonl')),
    });
  });

  test('a path that is a directory', async () => {
    mkdirSync(join(dir, 'logs.jsonl'));
    await expect(write({}, [])).rejects.toMatchObject({ message: expect.stringContaining('(EISDIR)') });
    rmSync(join(dir, 'logs.jsonl'), { recursive: true });
    await write({}, [logs(1)]);
    expect(records('logs.jsonl')).toEqual(['record 0']);
  });

  test.each<[FileExporterOptions, string]>([
    [{}, 'fileExporter: expected either dir or path'],
    [{ dir: 'a', path: 'b' }, 'fileExporter: expected either dir or path'],
    [{ dir: 'a', maxFiles: -1 }, 'fileExporter: maxFiles: expected at least 0'],
    [{ dir: 'a', sync: 'all' as 'data' }, 'fileExporter: sync: expected'],
  ])('option %j', (options, message) => {
    expect(() => fileExporter(options)).toThrow(ConfigError);
    expect(() => fileExporter(options)).toThrow(message);
  });
});
