import { readFile } from 'node:fs/promises';
import { ConfigError } from '@otelier/core';
import type { TlsFiles } from './options.js';

/** Contents of {@link TlsFiles}. */
export type Tls = { readonly [K in keyof TlsFiles]: Buffer };

/** Reads the PEM files. @throws {ConfigError} naming the option when one cannot be read. */
export async function readTlsFiles(files: TlsFiles): Promise<Tls> {
  const read: { -readonly [K in keyof TlsFiles]: Buffer } = {};
  for (const option of ['ca', 'cert', 'key'] as const) {
    const path = files[option];
    if (path === undefined) continue;
    try {
      read[option] = await readFile(path);
    } catch (error) {
      throw new ConfigError(`otlpExporter: tls.${option}`, `a PEM file that can be read, at ${path}`, { cause: error });
    }
  }
  return read;
}
