import {
  type Collector,
  createCollector,
  type Exporter,
  PipelineError,
  type PipelinesConfig,
  receiver,
  type Signal,
} from '@otelier/core';
import { batchesOf, otlpExporterFromEnv, retry } from '@otelier/exporters';
import { exitFailure } from '../fail.js';
import { type QueueCommand, type StoredQueue, withQueues } from './stores.js';

/** What `otelier queue replay` takes. */
export interface ReplayCommand extends QueueCommand {
  readonly endpoint: string;
  readonly keep?: true;
}

/** What became of the batches of one queue. */
interface Replayed {
  batches: number;
  /** Items that the endpoint has rejected while it took the rest of their batch. */
  rejected: number;
  /** Batches that stay, because they are damaged or the endpoint refuses them for good. */
  left: number;
  /** Why it ended before all had been sent. */
  stopped: string | undefined;
}

/** Sends the batches of queues to an OTLP endpoint, oldest first, and removes what was accepted; the exit code is 1 when something is left. */
export async function replay(file: string, options: ReplayCommand): Promise<void> {
  await withQueues(file, options, true, async (queues) => {
    // What is damaged is only read.
    const keep = options.keep === true || options.from !== undefined;
    const collector = createCollector(pipelineTo(options.endpoint), { logger: quiet });
    await collector.start();
    try {
      for (const queue of queues) {
        if (queue.batches === 0) continue;
        const { batches, rejected, left, stopped } = await replayed(queue, collector, keep);
        const parts = [`${queue.id}: ${batches} batches accepted${keep ? ', all kept' : ' and removed'}`];
        if (rejected > 0) parts.push(`${rejected} items rejected`);
        if (left > 0) parts.push(`${left} batches refused or damaged, which stay`);
        process.stdout.write(`${parts.join('; ')}\n`);
        if (rejected + left > 0 || stopped !== undefined) process.exitCode = exitFailure;
        if (stopped === undefined) continue;
        process.stderr.write(`otelier: ${stopped}; what was not sent stays in the queue\n`);
        return;
      }
    } finally {
      await collector.shutdown();
    }
  });
}

async function replayed(queue: StoredQueue, collector: Collector, keep: boolean): Promise<Replayed> {
  const send = collector.input(queue.signal);
  const result: Replayed = { batches: 0, rejected: 0, left: 0, stopped: undefined };
  for (const { batch, remove } of batchesOf(queue.store, queue)) {
    if (batch === undefined) {
      result.left++;
      continue;
    }
    const flow = collector.flow();
    try {
      await send(batch as never, flow);
    } catch (caught) {
      const error = PipelineError.from(caught);
      if (error.retryable || error.code === 'unauthenticated') return { ...result, stopped: error.message };
      result.left++;
      continue;
    }
    result.batches++;
    result.rejected += flow.refused;
    if (!keep) await remove();
  }
  return result;
}

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

function pipelineTo(endpoint: string): PipelinesConfig {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: _, ...env } = process.env;
  for (const signal of ['LOGS', 'METRICS', 'TRACES']) delete env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`];
  const to = retry(otlpExporterFromEnv({ ...env, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }) as Exporter<Signal>);
  const none = receiver('none', ['logs', 'metrics', 'traces'], async () => ({
    stop: async () => {},
    close: async () => {},
  }));
  const pipeline = { receivers: [none], exporters: [to] };
  return { logs: { replay: pipeline }, metrics: { replay: pipeline }, traces: { replay: pipeline } };
}
