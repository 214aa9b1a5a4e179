import type { AnyBatch } from '@otelier/core';
import { otlpReceiver } from '../../../packages/receivers/src/otlp/otlp.js';
import { serve, testHost } from '../../../packages/receivers/test/harness.js';
import { expectSound } from '../oracle.js';

/** What the victim says when it is asked how it is; the first time unasked, when it listens. */
export interface Health {
  readonly http: number;
  readonly grpc: number;
  readonly rss: number;
  readonly inFlightBytes: number;
  readonly taken: number;
  /** Failures of its own: log lines of level error, exceptions, batches that mean something else to an independent decoder. */
  readonly failures: readonly string[];
}

const failures: string[] = [];
process.on('uncaughtException', (error) => failures.push(`uncaught: ${error.stack}`));
process.on('unhandledRejection', (error) => failures.push(`unhandled: ${String(error)}`));

const host = testHost(64 * 1024 * 1024);
let taken = 0;
const take = ({ batch }: { batch: AnyBatch }) => {
  taken++;
  // Nothing is kept of what came, so that memory tells of the doors alone.
  served.arrived.length = 0;
  try {
    expectSound(batch, batch.bytes(), taken % 16 === 0);
  } catch (error) {
    failures.push(String(error));
  }
};
const served = await serve(
  otlpReceiver({
    http: { endpoint: '127.0.0.1:0', headersTimeout: '2s', requestTimeout: '3s', idleTimeout: '2s' },
    grpc: { endpoint: '127.0.0.1:0', requestTimeout: '1s' },
    maxBytes: '1MiB',
  }),
  take,
  host,
);

function say(): void {
  for (const line of host.lines.splice(0)) {
    const { err, ...fields } = line.fields as { err?: Error };
    if (line.level === 'error') failures.push(`${line.message} ${JSON.stringify(fields)} ${err?.stack ?? ''}`);
  }
  process.send?.({
    http: served.port,
    grpc: Number(served.grpc.split(':').at(-1)),
    rss: process.memoryUsage.rss(),
    inFlightBytes: host.admission.inFlightBytes,
    taken,
    failures,
  } satisfies Health);
}

process.on('message', say);
process.on('disconnect', () => process.exit());
say();
