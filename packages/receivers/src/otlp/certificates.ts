import { type Host, type PemFiles, readPem, watchPem } from '@otelier/core';
import type { ReceiverTlsSettings } from './settings.js';

const path = 'otlpReceiver: tls';

/** The certificates of a receiver's doors as they are in force, and those who want to hear of new ones. */
export class Certificates {
  readonly clientAuth: ReceiverTlsSettings['clientAuth'];
  /** What is in force. */
  pem: PemFiles<Buffer>;
  private readonly users: Set<(pem: PemFiles<Buffer>) => void> = new Set();
  private readonly stopWatching: () => void;

  private constructor(settings: ReceiverTlsSettings, pem: PemFiles<Buffer>, host: Host) {
    this.clientAuth = settings.clientAuth;
    this.pem = pem;
    const { clock, logger } = host;
    this.stopWatching = watchPem({
      ...{ path, clock, logger, sources: settings, current: pem, intervalMs: settings.reloadInterval },
      use: (next) => {
        this.pem = next;
        for (const user of this.users) user(next);
      },
    });
  }

  /** @throws {ConfigError} when a file cannot be read, or certificate and key do not belong together. */
  static async read(settings: ReceiverTlsSettings, host: Host): Promise<Certificates> {
    return new Certificates(settings, await readPem(path, settings), host);
  }

  /** Calls `use` with every later set of certificates; the returned function ends that. */
  follow(use: (pem: PemFiles<Buffer>) => void): () => void {
    this.users.add(use);
    return () => void this.users.delete(use);
  }

  close(): void {
    this.stopWatching();
    this.users.clear();
  }
}
