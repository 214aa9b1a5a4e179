import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { testHost } from '../../test/host.js';
import { LineFile } from './line-file.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'otelier-line-file-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const settings = { maxBytes: 1024 * 1024, maxFiles: 1, compress: 'none', sync: 'none' } as const;
const never = new AbortController().signal;

async function openFile() {
  const path = join(dir, 'lines.jsonl');
  const file = await LineFile.open(path, settings, testHost());
  // The one place where a disk can be made to fail half-way.
  const { handle } = file as unknown as { handle: FileHandle };
  return { path, file, handle };
}

test('a write that fails half-way leaves nothing behind', async () => {
  const { path, file, handle } = await openFile();
  await file.append(() => '"first"', never);
  const { writev } = handle;
  handle.writev = async (buffers) => {
    await writev.call(handle, [Buffer.from(buffers[0] as Uint8Array).subarray(0, 4)]);
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  };
  await expect(file.append(() => '"second"', never)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('ENOSPC'),
  });
  expect(readFileSync(path, 'utf8')).toBe('"first"\n');
  handle.writev = writev;
  await file.append(() => '"third"', never);
  await file.close();
  expect(readFileSync(path, 'utf8')).toBe('"first"\n"third"\n');
});

test('a file that cannot be cut back is repaired before the next line', async () => {
  const { path, file, handle } = await openFile();
  await file.append(() => '"first"', never);
  const { writev } = handle;
  handle.writev = async (buffers) => {
    await writev.call(handle, [Buffer.from(buffers[0] as Uint8Array).subarray(0, 4)]);
    throw Object.assign(new Error('input/output error'), { code: 'EIO' });
  };
  handle.truncate = async () => {
    throw Object.assign(new Error('input/output error'), { code: 'EIO' });
  };
  await expect(file.append(() => '"second"', never)).rejects.toMatchObject({ code: 'unavailable' });
  await file.append(() => '"third"', never);
  await file.close();
  expect(readFileSync(path, 'utf8')).toBe('"first"\n"third"\n');
});

test('short writes are carried on', async () => {
  const { path, file, handle } = await openFile();
  const { writev } = handle;
  handle.writev = async (buffers) =>
    writev.call(handle, [Buffer.from(buffers[0] as Uint8Array).subarray(0, 3)]) as never;
  await Promise.all([file.append(() => '"one"', never), file.append(() => '"two and more"', never)]);
  await file.close();
  expect(readFileSync(path, 'utf8')).toBe('"one"\n"two and more"\n');
});

test('a line that cannot be rendered does not hold up its neighbours', async () => {
  const { path, file } = await openFile();
  const broken = file.append(() => {
    throw new Error('broken');
  }, never);
  await Promise.all([expect(broken).rejects.toThrow('broken'), file.append(() => '"fine"', never)]);
  await file.close();
  expect(readFileSync(path, 'utf8')).toBe('"fine"\n');
});

test('what waits is rendered when its turn comes', async () => {
  const { file } = await openFile();
  let rendered = 0;
  const line = () => {
    rendered++;
    return JSON.stringify('x'.repeat(600 * 1024));
  };
  const all = [file.append(line, never), file.append(line, never), file.append(line, never), file.append(line, never)];
  await Promise.resolve();
  expect(rendered).toBeLessThan(4);
  await Promise.all(all);
  await file.close();
});
