import { createGunzip, createInflate, gunzipSync, inflateSync } from 'node:zlib';
import { PipelineError } from '@otelier/core';
import { type Growing, overloaded, tooLarge } from './intake.js';

/** How a body is compressed. */
export type Coding = 'gzip' | 'deflate' | 'zstd';

const codings: ReadonlyMap<string, Coding | 'identity'> = new Map([
  ['identity', 'identity'],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['zstd', 'zstd'],
]);

/** What may stand in `Content-Encoding`, as it is told to a sender that used something else. */
export const acceptedCodings = 'gzip, deflate, zstd, identity';

/** The coding named by a `Content-Encoding` header, or undefined when it is none of ours (lists included). */
export function codingOf(header: string | undefined): Coding | 'identity' | undefined {
  return header === undefined || header === '' ? 'identity' : codings.get(header.trim().toLowerCase());
}

// Decoding in place costs half of what the thread pool does; up to here it holds the event loop for about a millisecond.
const smallInput = 256 * 1024;
const smallOutput = 1024 * 1024;

/**
 * Decompresses a body whole; `lease` grows by what comes out.
 *
 * @throws {PipelineError} `rejected` for malformed or truncated input, `too-large` past `maxBytes` (stopped there), `overloaded` when the lease cannot grow.
 */
export async function decompress(body: Buffer, coding: Coding, maxBytes: number, lease: Growing): Promise<Buffer> {
  // The decoder is loaded with the first zstd body: few senders use it, and its modules would be read at every start.
  if (coding === 'zstd') return (await import('./zstd/unzstd.js')).unzstd(body, maxBytes, lease);
  try {
    return inflateSmall(body, coding, maxBytes, lease) ?? (await inflateLarge(body, coding, maxBytes, lease));
  } catch (error) {
    if (error instanceof PipelineError) throw error;
    throw new PipelineError(
      'rejected',
      `${coding}: the body does not decompress (${(error as NodeJS.ErrnoException).code})`,
      { cause: error },
    );
  }
}

function inflateSmall(body: Buffer, coding: 'gzip' | 'deflate', maxBytes: number, lease: Growing): Buffer | undefined {
  if (body.length > smallInput) return undefined;
  const maxOutputLength = Math.min(maxBytes, smallOutput);
  let out: Buffer;
  try {
    out =
      coding === 'gzip'
        ? gunzipSync(body, { maxOutputLength, chunkSize: chunkSize(body) })
        : inflateSync(body, { maxOutputLength });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') throw error;
    if (maxBytes <= smallOutput) throw tooLarge('the decompressed body', maxBytes);
    return undefined;
  }
  if (!lease.grow(out.length)) throw overloaded();
  return out;
}

/** The size that gzip's trailer promises and one more byte, so that the output is one chunk; a promise is believed only as far as it is cheap. */
function chunkSize(body: Buffer): number {
  const promised = body.length < 18 ? 0 : body.readUInt32LE(body.length - 4);
  return Math.min(Math.max(promised, 1023) + 1, smallOutput, body.length * 1032 + 64);
}

function inflateLarge(body: Buffer, coding: 'gzip' | 'deflate', maxBytes: number, lease: Growing): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const stream =
      coding === 'gzip' ? createGunzip({ chunkSize: smallInput }) : createInflate({ chunkSize: smallInput });
    const chunks: Buffer[] = [];
    let size = 0;
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) stream.destroy(tooLarge('the decompressed body', maxBytes));
      else if (!lease.grow(chunk.length)) stream.destroy(overloaded());
      else chunks.push(chunk);
    });
    stream.on('error', reject);
    stream.on('end', () => resolve(Buffer.concat(chunks, size)));
    stream.end(body);
  });
}
