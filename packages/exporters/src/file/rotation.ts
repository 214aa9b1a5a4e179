import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Clock, Host, Logger } from '@otelier/core';
import type { FileSettings } from './options.js';

/** Sets full files aside under a name with the time, compresses them, and removes the oldest. */
export class Rotation {
  private readonly dir: string;
  private readonly stem: string;
  private readonly ext: string;
  private readonly settings: FileSettings;
  private readonly clock: Clock;
  private readonly logger: Logger;
  /** Compressing and removing go on behind the writer, one file after the other. */
  private work: Promise<void> = Promise.resolve();

  constructor(path: string, settings: FileSettings, host: Host) {
    const { dir, name, ext } = parse(path);
    this.dir = dir;
    this.stem = name;
    this.ext = ext;
    this.settings = settings;
    this.clock = host.clock;
    this.logger = host.logger;
  }

  /** Renames the file, which is closed by now: `logs.jsonl` becomes `logs-20260122T101500.123Z.jsonl`. */
  async setAside(): Promise<void> {
    const name = await this.freeName();
    await rename(join(this.dir, this.stem + this.ext), join(this.dir, name));
    this.work = this.work.then(() => this.tidy(name));
  }

  /** Resolves when nothing is going on behind the writer any more. */
  async done(): Promise<void> {
    await this.work;
  }

  private async freeName(): Promise<string> {
    const taken = new Set(await readdir(this.dir));
    const time = new Date(this.clock.now()).toISOString().replace(/[-:]/g, '');
    for (let again = 0; ; again++) {
      const name = `${this.stem}-${time}${again === 0 ? '' : `-${String(again).padStart(4, '0')}`}${this.ext}`;
      if (!taken.has(name) && !taken.has(`${name}.gz`)) return name;
    }
  }

  private async tidy(name: string): Promise<void> {
    try {
      if (this.settings.compress === 'gzip') await this.compress(join(this.dir, name));
      for (const old of (await this.asides()).slice(this.settings.maxFiles))
        await rm(join(this.dir, old), { force: true });
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : 'unknown error';
      this.logger.warn(
        { path: join(this.dir, name), code },
        'a full file could not be compressed, or old ones not removed',
      );
    }
  }

  private async compress(path: string): Promise<void> {
    const unfinished = `${path}.gz.part`;
    try {
      await pipeline(createReadStream(path), createGzip(), createWriteStream(unfinished, { mode: 0o600 }));
      await rename(unfinished, `${path}.gz`);
      await rm(path);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
  }

  /** Files set aside, newest first: their names sort by time. */
  private async asides(): Promise<string[]> {
    const time = /^-\d{8}T\d{6}\.\d{3}Z(-\d{4})?$/;
    const own = (file: string) => {
      const plain = file.endsWith('.gz') ? file.slice(0, -3) : file;
      if (!plain.startsWith(this.stem) || !plain.endsWith(this.ext)) return false;
      return time.test(plain.slice(this.stem.length, plain.length - this.ext.length));
    };
    return (await readdir(this.dir)).filter(own).sort(this.byTime).reverse();
  }

  // `…Z` before `…Z-0001`, whatever follows as an extension.
  private readonly byTime = (a: string, b: string): number => {
    const [x, y] = [this.key(a), this.key(b)];
    return x < y ? -1 : x > y ? 1 : 0;
  };

  private key(file: string): string {
    const plain = file.endsWith('.gz') ? file.slice(0, -3) : file;
    return plain.slice(this.stem.length, plain.length - this.ext.length);
  }
}
