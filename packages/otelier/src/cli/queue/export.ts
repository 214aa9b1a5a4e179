import { once } from 'node:events';
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { AnyBatch } from '@otelier/core';
import { batchesOf } from '@otelier/exporters';
import { exitFailure } from '../fail.js';
import { type QueueCommand, type StoredQueue, withQueues } from './stores.js';

/** What `otelier queue export` takes. */
export interface ExportCommand extends QueueCommand {
  readonly out: string;
  readonly format: 'jsonl' | 'pb';
}

/** Writes the batches of queues to files, and leaves them where they are; the exit code is 1 when some could not be read. */
export async function exportQueues(file: string, options: ExportCommand): Promise<void> {
  await withQueues(file, options, true, async (queues) => {
    mkdirSync(options.out, { recursive: true });
    for (const queue of queues) {
      if (queue.batches === 0) continue;
      const path = join(options.out, `${queue.id.replaceAll('/', '-')}.${options.format}`);
      const { batches, items, damaged } = await write(queue, path, options.format);
      process.stdout.write(`${queue.id}: ${batches} batches, ${items} items -> ${path}\n`);
      if (damaged === 0) continue;
      process.stderr.write(`${queue.id}: ${damaged} batches are damaged and were left out\n`);
      process.exitCode = exitFailure;
    }
  });
}

async function write(
  queue: StoredQueue,
  path: string,
  format: ExportCommand['format'],
): Promise<{ batches: number; items: number; damaged: number }> {
  let [batches, items, damaged] = [0, 0, 0];
  const to = createWriteStream(path);
  for (const { batch, count } of batchesOf(queue.store, queue)) {
    if (batch === undefined) {
      damaged++;
      continue;
    }
    await put(to, format === 'jsonl' ? `${batch.toJson()}\n` : framed(batch));
    batches++;
    items += count;
  }
  to.end();
  await finished(to);
  return { batches, items, damaged };
}

async function put(to: WriteStream, what: string | Buffer): Promise<void> {
  if (!to.write(what)) await once(to, 'drain');
}

/** As the Collector's file exporter frames protobuf: a big-endian length, then the message. */
function framed(batch: AnyBatch): Buffer {
  const bytes = batch.bytes();
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
