import { join, parse, resolve } from 'node:path';
import { type Bytes, bytes, ConfigError, type FieldClass, parseOptions, type Signal } from '@otelier/core';
import * as v from 'valibot';
import { clearance } from '../clearance.js';

/** Where {@link fileExporter} writes, and how much it keeps. */
export interface FileExporterOptions {
  /** Directory for one file per signal: `logs.jsonl`, `metrics.jsonl`, `traces.jsonl`. Made when it is missing. */
  readonly dir?: string;
  /** One file for all signals instead, such as `./data/telemetry.jsonl`. */
  readonly path?: string;
  /** A file that would grow beyond this is set aside first, under a name with the time. Default `64MiB`. */
  readonly maxBytes?: Bytes;
  /** Files set aside that are kept; older ones are removed. Default 8. */
  readonly maxFiles?: number;
  /** Whether files that are set aside are compressed. Default `none`. */
  readonly compress?: 'none' | 'gzip';
  /** `data`: a batch counts as delivered when the disk has it (fdatasync); `none`: when the operating system has it. Default `none`. */
  readonly sync?: 'none' | 'data';
  /**
   * The classes of fields that may leave here: `['label', 'identity']` for a backend that must not see prompts. A pipeline that
   * lets others through is then refused. Default: nothing is declared and nothing checked.
   */
  readonly clearance?: readonly FieldClass[];
}

/** How a log file is kept. */
export interface FileSettings {
  readonly maxBytes: number;
  readonly maxFiles: number;
  readonly compress: 'none' | 'gzip';
  readonly sync: 'none' | 'data';
  readonly clearance?: readonly FieldClass[] | undefined;
}

const schema = v.strictObject({
  dir: v.optional(v.pipe(v.string(), v.nonEmpty('a directory'))),
  path: v.optional(v.pipe(v.string(), v.nonEmpty('a file'))),
  maxBytes: v.optional(bytes(), '64MiB'),
  maxFiles: v.optional(v.pipe(v.number(), v.integer('a whole number'), v.minValue(0, 'at least 0')), 8),
  compress: v.optional(v.picklist(['none', 'gzip']), 'none'),
  sync: v.optional(v.picklist(['none', 'data']), 'none'),
  clearance,
});

/** Checks the options and answers with them the file of each signal. @throws {ConfigError} */
export function fileSettings(options: FileExporterOptions): FileSettings & { pathOf(signal: Signal): string } {
  const { dir, path, ...settings } = parseOptions('fileExporter', schema, options);
  if ((dir === undefined) === (path === undefined)) throw new ConfigError('fileExporter', 'either dir or path');
  if (path !== undefined && parse(path).base === '') throw new ConfigError('fileExporter: path', 'a file');
  return { ...settings, pathOf: (signal) => resolve(path ?? join(dir as string, `${signal}.jsonl`)) };
}
