import { setImmediate } from 'node:timers/promises';
import * as zlib from 'node:zlib';
import { PipelineError } from '@otelier/core';
import { Decompress } from 'fzstd';
import { type Growing, overloaded, tooLarge } from './intake.js';
import { maxWindow, type ZstdFrame, zstdFrames } from './zstd-frames.js';

/** The part of newer Node's zlib that the types of Node 20 do not know yet. */
interface NativeZstd {
  zstdDecompressSync?(frame: Uint8Array, options: { maxOutputLength: number }): Buffer;
}

const native = (zlib as NativeZstd).zstdDecompressSync;

/** Work between two turns of the event loop, in bytes written or moved: about a millisecond. */
const turn = 1024 * 1024;

// The decoder for Node 20 moves its whole window once per block, so a body of many tiny blocks behind a large window would cost far more than it weighs.
const mostMoved = 1024 ** 3;

/**
 * Decompresses a zstd body of one or several frames.
 *
 * @throws {PipelineError} `rejected` for malformed input, `too-large` past `maxBytes`, `overloaded` when `lease` cannot grow.
 */
export async function unzstd(body: Buffer, maxBytes: number, lease: Growing): Promise<Buffer> {
  const out = new Output(maxBytes, lease);
  for (const frame of zstdFrames(body, maxBytes)) {
    const start = out.size;
    try {
      if (native === undefined) await decode(body, frame, out);
      else
        out.add(native(body.subarray(frame.cuts[0], frame.cuts[frame.cuts.length - 1]), { maxOutputLength: out.left }));
    } catch (error) {
      if (error instanceof PipelineError) throw error;
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
        throw tooLarge('the decompressed body', maxBytes);
      throw new PipelineError('rejected', 'zstd: a block does not decompress', { cause: error });
    }
    if (frame.declaredSize !== undefined && frame.declaredSize !== out.size - start) {
      throw new PipelineError(
        'rejected',
        `zstd: a frame of ${out.size - start} bytes; expected the ${frame.declaredSize} that it declares`,
      );
    }
  }
  return out.bytes();
}

async function decode(body: Buffer, { cuts, windowSize }: ZstdFrame, out: Output): Promise<void> {
  if ((cuts.length - 2) * windowSize > mostMoved) {
    throw new PipelineError(
      'too-large',
      `zstd: ${cuts.length - 2} blocks with a window of ${windowSize} bytes; expected fewer or a window below ${maxWindow}`,
    );
  }
  const decoder = new Decompress((chunk) => out.add(chunk));
  let work = 0;
  for (let i = 1; i < cuts.length; i++) {
    const before = out.size;
    decoder.push(body.subarray(cuts[i - 1], cuts[i]), i === cuts.length - 1);
    work += windowSize + out.size - before;
    if (work < turn) continue;
    await setImmediate();
    work = 0;
  }
}

/** Collects what comes out and stops at the limit. */
class Output {
  declare size: number;
  declare private readonly chunks: Uint8Array[];
  declare private readonly maxBytes: number;
  declare private readonly lease: Growing;

  constructor(maxBytes: number, lease: Growing) {
    this.size = 0;
    this.chunks = [];
    this.maxBytes = maxBytes;
    this.lease = lease;
  }

  get left(): number {
    return this.maxBytes - this.size;
  }

  add(chunk: Uint8Array): void {
    if (chunk.length > this.left) throw tooLarge('the decompressed body', this.maxBytes);
    if (!this.lease.grow(chunk.length)) throw overloaded();
    this.size += chunk.length;
    this.chunks.push(chunk);
  }

  bytes(): Buffer {
    return Buffer.concat(this.chunks, this.size);
  }
}
