import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { PipelineError } from '@otelier/core';

/**
 * The files that the paths name, in the order given; `*` in a file's name stands for any characters, and its matches come sorted.
 *
 * @throws {PipelineError} when a path names nothing that can be read.
 */
export async function findFiles(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const found = path.includes('*') ? await match(path) : [path];
    if (found.length === 0) throw new PipelineError('unavailable', `${path}: expected at least one file of that name`);
    for (const file of found) await expectFile(file);
    files.push(...found);
  }
  return files;
}

/** A file's bytes, decompressed when its name ends in `.gz`. */
export function openFile(file: string): AsyncIterable<Buffer> {
  const raw = createReadStream(file, { highWaterMark: 256 * 1024 });
  if (!file.endsWith('.gz')) return raw;
  const gunzip = createGunzip();
  raw.on('error', (error) => gunzip.destroy(error));
  gunzip.on('close', () => raw.destroy());
  return raw.pipe(gunzip);
}

async function match(path: string): Promise<string[]> {
  const folder = dirname(path);
  const parts = basename(path)
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  const pattern = new RegExp(`^${parts.join('.*')}$`);
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => pattern.test(name))
      .sort()
      .map((name) => join(folder, name));
  } catch (error) {
    throw cannotRead(folder, error);
  }
}

async function expectFile(file: string): Promise<void> {
  try {
    if ((await stat(file)).isDirectory())
      throw new PipelineError('unavailable', `${file}: expected a file, got a directory`);
  } catch (error) {
    throw error instanceof PipelineError ? error : cannotRead(file, error);
  }
}

/** The error of a file or folder that cannot be read. */
export function cannotRead(path: string, cause: unknown): PipelineError {
  const code = (cause as NodeJS.ErrnoException).code;
  const why =
    code === 'ENOENT' ? 'no such file' : code === 'EACCES' ? 'no permission to read it' : (code ?? 'cannot be read');
  return new PipelineError('unavailable', `${path}: ${why}`, { cause });
}
