import { setImmediate } from 'node:timers/promises';
import * as zlib from 'node:zlib';
import { PipelineError } from '@otelier/core';
import { type Growing, overloaded, tooLarge } from '../intake.js';
import { FrameDecoder } from './frame-decoder.js';
import { type ZstdFrame, zstdFrames } from './frames.js';
import { Output } from './output.js';

/** The part of newer Node's zlib that the types of Node 20 do not know yet. */
interface NativeZstd {
  zstdDecompressSync?(frame: Uint8Array, options: { maxOutputLength: number }): Buffer;
}

const native = (zlib as NativeZstd).zstdDecompressSync;

/** Output between two turns of the event loop: about a millisecond's work. */
const turn = 512 * 1024;
/** What setting up a block costs, in bytes of output. */
const blockCost = 4096;

/**
 * Decompresses a zstd body of one or several frames; checksums are not looked at.
 *
 * @throws {PipelineError} `rejected` for malformed input, `too-large` past `maxBytes`, `overloaded` when `lease` cannot grow.
 */
export async function unzstd(body: Buffer, maxBytes: number, lease: Growing): Promise<Buffer> {
  const frames = zstdFrames(body, maxBytes);
  let expected = 0;
  for (const { declaredSize, mostSize } of frames) expected += declaredSize ?? Math.min(mostSize, body.length * 4);
  expected = Math.min(expected, maxBytes);
  if (!lease.grow(expected)) throw overloaded();
  const out = new Output(expected, maxBytes, lease);
  for (const frame of frames) {
    const start = out.size;
    if (native === undefined) await decode(body, frame, out);
    else decodeNatively(body, frame, out, maxBytes);
    const size = out.size - start;
    if (frame.declaredSize !== undefined && frame.declaredSize !== size) {
      throw new PipelineError(
        'rejected',
        `zstd: a frame of ${size} bytes; expected the ${frame.declaredSize} that it declares`,
      );
    }
  }
  return out.bytes();
}

async function decode(body: Buffer, { cuts, blockLimit }: ZstdFrame, out: Output): Promise<void> {
  const decoder = new FrameDecoder(body, out, blockLimit);
  let work = 0;
  for (let i = 1; i < cuts.length - 1; i++) {
    const before = out.size;
    decoder.block(cuts[i] as number);
    work += out.size - before + blockCost;
    if (work < turn) continue;
    await setImmediate();
    work = 0;
  }
}

function decodeNatively(body: Buffer, { cuts }: ZstdFrame, out: Output, maxBytes: number): void {
  try {
    const bytes = (native as NonNullable<typeof native>)(body.subarray(cuts[0], cuts[cuts.length - 1]), {
      maxOutputLength: Math.max(out.left, 1),
    });
    out.append(bytes, 0, bytes.length);
  } catch (error) {
    if (error instanceof PipelineError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw tooLarge('the decompressed body', maxBytes);
    throw new PipelineError('rejected', 'zstd: a block does not decompress', { cause: error });
  }
}
