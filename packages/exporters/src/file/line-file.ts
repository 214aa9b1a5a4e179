import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Host, type Logger, PipelineError } from '@otelier/core';
import type { FileSettings } from './options.js';
import { repairTail } from './repair.js';
import { Rotation } from './rotation.js';

/** Lines that are rendered and written together: bounds memory, and lets many batches share one sync. */
const groupBytes = 1024 * 1024;

interface Pending {
  readonly render: () => string;
  readonly signal: AbortSignal;
  /** Rendered already, but the group before it was full. */
  line: Buffer | undefined;
  resolve(): void;
  reject(error: unknown): void;
}

/** A file of whole lines that grows at its end and is set aside when it is full. */
export class LineFile {
  private readonly path: string;
  private readonly settings: FileSettings;
  private readonly logger: Logger;
  private readonly rotation: Rotation;
  private handle: FileHandle | undefined;
  private size: number = 0;
  private regular: boolean = true;
  private pending: Pending[] = [];
  private busy: boolean = false;
  private writing: Promise<void> | undefined;

  private constructor(path: string, settings: FileSettings, host: Host) {
    this.path = path;
    this.settings = settings;
    this.logger = host.logger;
    this.rotation = new Rotation(path, settings, host);
  }

  /** @throws {PipelineError} `unavailable`, naming the path, when the file cannot be opened. */
  static async open(path: string, settings: FileSettings, host: Host): Promise<LineFile> {
    const file = new LineFile(path, settings, host);
    try {
      await file.reopen();
    } catch (error) {
      throw file.failure(error);
    }
    return file;
  }

  /** Resolves when the line is written. Rendering waits for its turn, so that what waits is held once only. */
  append(render: () => string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.pending.push({ render, signal, line: undefined, resolve, reject });
      if (!this.busy) this.writing = this.write();
    });
  }

  private async write(): Promise<void> {
    this.busy = true;
    while (this.pending.length > 0) {
      const { group, lines, bytes } = this.nextGroup();
      if (group.length === 0) continue;
      try {
        await this.put(lines, bytes);
        for (const { resolve } of group) resolve();
      } catch (caught) {
        const error = this.failure(caught);
        for (const { reject } of group) reject(error);
      }
    }
    // In the same turn as the last look at what is pending: nobody who comes later is left waiting.
    this.busy = false;
  }

  private nextGroup(): { group: Pending[]; lines: Buffer[]; bytes: number } {
    const group: Pending[] = [];
    const lines: Buffer[] = [];
    let bytes = 0;
    const most = Math.min(groupBytes, this.settings.maxBytes);
    let taken = 0;
    for (const entry of this.pending) {
      try {
        if (entry.signal.aborted)
          throw new PipelineError('deadline', `${this.path}: the sender gave up before its turn to write`);
        entry.line ??= Buffer.from(`${entry.render()}\n`);
        if (bytes > 0 && bytes + entry.line.length > most) break;
        lines.push(entry.line);
        group.push(entry);
        bytes += entry.line.length;
      } catch (error) {
        entry.reject(error);
      }
      taken++;
    }
    this.pending = this.pending.slice(taken);
    return { group, lines, bytes };
  }

  private async put(lines: Buffer[], bytes: number): Promise<void> {
    if (this.handle !== undefined && this.size > 0 && this.size + bytes > this.settings.maxBytes && this.regular) {
      await this.setAside(this.handle);
    }
    const handle = this.handle ?? (await this.reopen());
    try {
      await writeAll(handle, lines);
      if (this.settings.sync === 'data') await handle.datasync();
    } catch (error) {
      await this.cutBack(handle);
      throw error;
    }
    this.size += bytes;
  }

  /** What is left of a failed write would spoil the next line. */
  private async cutBack(handle: FileHandle): Promise<void> {
    if (!this.regular) return;
    try {
      await handle.truncate(this.size);
    } catch {
      // Then the tail is repaired when the file is opened again, which the next write does.
      this.handle = undefined;
      await handle.close().catch(() => {});
    }
  }

  private async setAside(handle: FileHandle): Promise<void> {
    this.handle = undefined;
    await handle.close();
    await this.rotation.setAside();
  }

  private async reopen(): Promise<FileHandle> {
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    // Telemetry may hold what people typed: for its owner's eyes only.
    const handle = await open(this.path, 'a+', 0o600);
    try {
      const stats = await handle.stat();
      this.regular = stats.isFile();
      const { size, cut } = this.regular ? await repairTail(handle, stats.size) : { size: 0, cut: 0 };
      if (cut > 0) this.logger.warn({ path: this.path, bytes: cut }, 'an unfinished last line was cut off');
      this.size = size;
    } catch (error) {
      await handle.close().catch(() => {});
      throw error;
    }
    this.handle = handle;
    return handle;
  }

  private failure(error: unknown): PipelineError {
    if (error instanceof PipelineError) return error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    return new PipelineError('unavailable', `cannot write ${this.path} (${code})`, { cause: error });
  }

  async close(): Promise<void> {
    await this.writing;
    await this.handle?.close();
    this.handle = undefined;
    await this.rotation.done();
  }
}

async function writeAll(handle: FileHandle, lines: Buffer[]): Promise<void> {
  let rest = lines;
  while (rest.length > 0) {
    let { bytesWritten } = await handle.writev(rest);
    let done = 0;
    while (done < rest.length && bytesWritten >= (rest[done] as Buffer).length)
      bytesWritten -= (rest[done++] as Buffer).length;
    rest = rest.slice(done);
    if (bytesWritten > 0) rest[0] = (rest[0] as Buffer).subarray(bytesWritten);
  }
}
