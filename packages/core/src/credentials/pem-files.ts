import { createHash, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import * as v from 'valibot';
import type { Clock, Logger } from '../host.js';
import { ConfigError } from '../options.js';
import { Secret } from './secret.js';

/** The path of a file in PEM form, or a secret that holds the PEM text itself. */
export type PemSource = string | Secret;

/** Schema of a {@link PemSource}. */
export const pemSource: v.GenericSchema<PemSource, PemSource> = v.union([
  v.pipe(v.string(), v.minLength(1, "a file's path")),
  v.instance(Secret),
]);

/** What belongs together in one TLS configuration. */
export type PemFiles<T = PemSource> = { readonly [K in 'ca' | 'cert' | 'key']?: T | undefined };

const parts = ['ca', 'cert', 'key'] as const;

/**
 * Reads certificates and keys, and checks that they are what they should be and belong together.
 *
 * @throws {ConfigError} naming the option below `path`, such as `otlpReceiver: tls`.
 */
export async function readPem(path: string, sources: PemFiles): Promise<PemFiles<Buffer>> {
  const read: { [K in 'ca' | 'cert' | 'key']?: Buffer } = {};
  for (const part of parts) {
    const source = sources[part];
    if (source === undefined) continue;
    if (source instanceof Secret) read[part] = Buffer.from(source.reveal());
    else
      read[part] = await readFile(source).catch((error: unknown) => {
        throw new ConfigError(`${path}.${part}`, `a PEM file that can be read, at ${source}`, { cause: error });
      });
  }
  // OpenSSL takes a file of trusted certificates that holds none for one that trusts nobody.
  for (const part of ['ca', 'cert'] as const) {
    const bytes = read[part];
    if (bytes === undefined) continue;
    try {
      new X509Certificate(bytes);
    } catch (error) {
      throw new ConfigError(`${path}.${part}`, 'certificates in PEM form', { cause: error });
    }
  }
  if (read.cert === undefined && read.key === undefined) return read;
  try {
    // With a list, even an empty one, the usual authorities are not loaded.
    createSecureContext({ ...read, ca: read.ca ?? [] });
  } catch (error) {
    throw new ConfigError(`${path}.key`, 'the key of the certificate, in PEM form', { cause: error });
  }
  return read;
}

/** A short text that is the same for the same sources; tells nothing of their contents. */
export function pemKey(sources: PemFiles): string {
  return parts.map((part) => `${part}=${sources[part] ?? ''}`).join(' ');
}

/** What {@link watchPem} needs. */
export interface WatchPemOptions {
  /** Where in the options the sources stand, such as `otlpReceiver: tls`. */
  readonly path: string;
  readonly sources: PemFiles;
  /** What is in force now. */
  readonly current: PemFiles<Buffer>;
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Puts new ones into force. */
  readonly use: (pem: PemFiles<Buffer>) => void;
}

/**
 * Looks again and again whether certificates have changed, and puts good new ones into force; returns what ends that.
 *
 * Contents are compared, so that renamed files, links and mounted secrets are followed alike. Files that do not fit together are given one
 * more interval, since certificate and key are written one after the other; then the old ones are kept and an error is logged.
 */
export function watchPem(options: WatchPemOptions): () => void {
  const { path, sources, intervalMs, clock, logger, use } = options;
  let inForce = digest(options.current);
  let failures = 0;
  let isEnded = false;
  let cancel = (): void => {};
  const look = async (): Promise<void> => {
    try {
      const pem = await readPem(path, sources);
      failures = 0;
      const found = digest(pem);
      if (isEnded || found === inForce) return;
      use(pem);
      inForce = found;
      logger.info({ until: validUntil(pem) }, 'certificates were read anew');
    } catch (error) {
      failures++;
      if (failures === 2 && !isEnded)
        logger.error({ err: error }, 'new certificates cannot be used: the ones before stay in force');
    }
  };
  const next = (): void => {
    cancel = clock.after(intervalMs, () => {
      void look().then(() => {
        if (!isEnded) next();
      });
    });
  };
  next();
  return () => {
    isEnded = true;
    cancel();
  };
}

function digest(pem: PemFiles<Buffer>): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${pem[part]?.length ?? -1}:`).update(pem[part] ?? '');
  return hash.digest('base64');
}

function validUntil(pem: PemFiles<Buffer>): string | undefined {
  return pem.cert === undefined ? undefined : new X509Certificate(pem.cert).validTo;
}
