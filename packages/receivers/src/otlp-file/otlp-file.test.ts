import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { PipelineError } from '@otelier/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Arrived, recorded, serve, testHost } from '../../test/harness.js';
import { otlpFileReceiver } from './otlp-file.js';

const requests = recorded().filter(({ encoding }) => encoding === 'json');
const lines = requests.map(({ bytes }) => JSON.stringify(JSON.parse(bytes.toString())));
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'otlp-file-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

const log = (text: string, time = 0) =>
  JSON.stringify({
    resourceLogs: [
      {
        scopeLogs: [{ logRecords: [{ timeUnixNano: String(BigInt(time) * 1_000_000n), body: { stringValue: text } }] }],
      },
    ],
  });
const texts = (arrived: readonly Arrived[]) =>
  arrived.map(({ batch }) => /"stringValue":"(\w+)"/.exec(batch.toJson())?.[1]);

describe('replay', () => {
  test('every recorded request arrives in order, whatever the line ends, also from gzip', async () => {
    await file('a.jsonl', `\n${lines.join('\r\n\n')}`);
    await file('b.jsonl.gz', gzipSync(`${lines.join('\n')}\n`));
    const { arrived, done } = await serve(otlpFileReceiver({ path: join(folder, '*.jsonl*') }));
    await done;
    expect(arrived.map(({ batch }) => batch.signal)).toEqual([...requests, ...requests].map(({ signal }) => signal));
    expect(arrived[0]?.flow.peer).toEqual({ transport: 'file', address: `${join(folder, 'a.jsonl')}:2` });
  });

  test('the signal is found wherever its key stands', async () => {
    const { arrived, done } = await serve(otlpFileReceiver({ path: await file('a', `{"x":1,${log('a').slice(1)}`) }));
    await done;
    expect(texts(arrived)).toEqual(['a']);
  });

  test('one request at a time', async () => {
    let inside = 0;
    const path = await file('a', [1, 2, 3].map((n) => log(`l${n}`)).join('\n'));
    const { arrived, done } = await serve(otlpFileReceiver({ path }), async () => {
      expect(++inside).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
    });
    await done;
    expect(texts(arrived)).toEqual(['l1', 'l2', 'l3']);
  });

  test('a refusal that may pass is tried again, others are told with file and line', async () => {
    const path = await file('a', `${log('again')}\n${log('bad')}\n${log('good')}`);
    let tries = 0;
    const { arrived, done, host } = await serve(otlpFileReceiver({ path }), ({ batch }) => {
      if (batch.toJson().includes('again') && tries++ < 2)
        throw new PipelineError('unavailable', 'not yet', { retryAfterMs: 1 });
      if (batch.toJson().includes('bad')) throw new PipelineError('rejected', 'never');
    });
    await done;
    expect(texts(arrived)).toEqual(['again', 'again', 'again', 'bad', 'good']);
    expect(host.lines).toEqual([
      {
        level: 'warn',
        fields: { at: `${path}:2`, code: 'rejected', reason: 'never' },
        message: 'a request was refused',
      },
      { level: 'info', fields: { delivered: 2, refused: 1, invalid: 0 }, message: expect.any(String) },
    ]);
  });

  test.each<[string, string]>([
    ['not json', 'expected JSON'],
    ['{"resourceLogs":[{', 'resourceLogs'],
    ['{"records":[]}', 'expected an object with resourceLogs, resourceMetrics, resourceSpans'],
    ['[]', 'expected an object with'],
    [JSON.stringify({ resourceLogs: 'x'.repeat(2000) }), 'expected a line of at most 1024 bytes'],
  ])('a line %j is skipped, or stopped at', async (line, message) => {
    const path = await file('a', `${log('one')}\n${line}\n${log('two')}`);
    const skipping = await serve(otlpFileReceiver({ path, maxLine: '1KiB' }));
    await skipping.done;
    expect(texts(skipping.arrived)).toEqual(['one', 'two']);
    expect(skipping.host.lines[0]?.fields).toMatchObject({ at: `${path}:2` });
    const stopping = await serve(otlpFileReceiver({ path, maxLine: '1KiB', onInvalid: 'stop' }));
    await expect(stopping.done).rejects.toThrow(`${path}:2: `);
    if (message !== 'resourceLogs') await expect(stopping.done).rejects.toThrow(message);
    expect(texts(stopping.arrived)).toEqual(['one']);
  });

  test('recorded intervals are kept, at the speed asked for', async () => {
    const path = await file('a', `${log('a', 1000)}\n${log('b', 61_000)}\n${log('c', 121_000)}`);
    const waits: number[] = [];
    const host = testHost();
    const clock = {
      time: 0,
      now: () => clock.time,
      after: (ms: number, run: () => void) => {
        waits.push(ms);
        clock.time += ms;
        setImmediate(run);
        return () => {};
      },
    };
    const { done } = await serve(otlpFileReceiver({ path, speed: 60 }), undefined, { ...host, clock });
    await done;
    expect(waits).toEqual([1000, 1000]);
  });

  test('stop ends after the request under way, close waits for it', async () => {
    const path = await file('a', Array(50).fill(log('x')).join('\n'));
    const { arrived, done, stop, close } = await serve(otlpFileReceiver({ path }), () => {
      if (arrived.length === 2) void stop();
    });
    await done;
    await close();
    expect(arrived).toHaveLength(2);
  });

  test('stop gives up a request that waits for another try', async () => {
    const { done, stop, arrived } = await serve(otlpFileReceiver({ path: await file('a', log('x')) }), () => {
      throw new PipelineError('unavailable', 'down', { retryAfterMs: 3_600_000 });
    });
    await expect.poll(() => arrived.length).toBe(1);
    await stop();
    await done;
  });

  test('a file that is missing or no gzip is told by name', async () => {
    const missing = join(folder, 'none.jsonl');
    await expect(serve(otlpFileReceiver({ path: missing }))).rejects.toThrow(`${missing}: no such file`);
    await expect(serve(otlpFileReceiver({ path: join(folder, '*.nope') }))).rejects.toThrow(
      'expected at least one file of that name',
    );
    const junk = await file('a.gz', 'junk');
    await expect((await serve(otlpFileReceiver({ path: junk }))).done).rejects.toThrow(junk);
  });

  test.each<[object, string]>([
    [{}, 'otlpFileReceiver: path: expected'],
    [{ path: [] }, 'otlpFileReceiver: path: expected at least one path'],
    [{ path: 'a', speed: 0 }, 'otlpFileReceiver: speed: expected a number above 0'],
    [{ path: 'a', onInvalid: 'ignore' }, 'otlpFileReceiver: onInvalid: expected'],
  ])('options %j', (options, message) => {
    expect(() => otlpFileReceiver(options as never)).toThrow(message);
  });
});
