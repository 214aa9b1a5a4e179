import { type Host, type PemFiles, readPem, watchPem } from '@otelier/core';
import type { TlsSettings } from './options.js';

const path = 'otlpExporter: tls';

/** Certificates in force, and what ends following their files. */
export interface Followed {
  readonly pem: PemFiles<Buffer>;
  stop(): void;
}

/**
 * Reads certificates, and from then on gives `use` those that replace them.
 *
 * @throws {ConfigError} naming the option when a file cannot be read, or certificate and key do not belong together.
 */
export async function followTls(
  settings: TlsSettings,
  { clock, logger }: Pick<Host, 'clock' | 'logger'>,
  use: (pem: PemFiles<Buffer>) => void,
): Promise<Followed> {
  const { ca, cert, key, reloadInterval: intervalMs } = settings;
  const sources = { ca, cert, key };
  const pem = await readPem(path, sources);
  const isNone = ca === undefined && cert === undefined;
  const stop = isNone ? () => {} : watchPem({ path, sources, current: pem, intervalMs, clock, logger, use });
  return { pem, stop };
}
