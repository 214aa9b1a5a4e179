import { PipelineError } from '@otelier/core';
import { malformed } from './malformed.js';

/** One zstd frame of a body, found by walking its headers (RFC 8878 §3.1) without decompressing anything. */
export interface ZstdFrame {
  /** Offsets of the frame's parts: the frame starts at the first, each block (header included) at the following ones; the last is the frame's end. */
  readonly cuts: readonly number[];
  /** The size that the frame declares, if it does. */
  readonly declaredSize: number | undefined;
  /** The most that its blocks can hold. */
  readonly mostSize: number;
  /** The most that one block can hold. */
  readonly blockLimit: number;
}

/** The window that every zstd decoder is asked to support, and the largest that we do. */
const maxWindow = 8 * 1024 * 1024;

const largestBlock = 128 * 1024;
const magic = 0xfd2fb528;
const skippableMagic = 0x184d2a5;

/**
 * Checks that a body is whole zstd frames, nothing less and nothing after, and returns those that hold data.
 *
 * Decoders differ in what they do with truncated input, a second frame, trailing bytes and absurd windows (some accept silently, some allocate first), so they only get what passed here.
 *
 * @throws {PipelineError} `rejected` when the framing is wrong, `too-large` when a window or the declared sizes exceed the limits.
 */
export function zstdFrames(body: Buffer, maxBytes: number): ZstdFrame[] {
  const frames: ZstdFrame[] = [];
  let declared = 0;
  let at = 0;
  while (at < body.length) {
    need(body, at, 4, 'magic number');
    const word = body.readUInt32LE(at);
    if (word >>> 4 === skippableMagic) {
      need(body, at, 8, 'skippable frame');
      const length = body.readUInt32LE(at + 4);
      need(body, at + 8, length, 'skippable frame');
      at += 8 + length;
      continue;
    }
    if (word !== magic) throw malformed(at, 'expected a frame (magic number 28 b5 2f fd)');
    const frame = walk(body, at);
    declared += frame.declaredSize ?? 0;
    if (declared > maxBytes)
      throw new PipelineError('too-large', `the decompressed body is larger than the limit of ${maxBytes} bytes`);
    frames.push(frame);
    at = frame.cuts[frame.cuts.length - 1] as number;
  }
  return frames;
}

function walk(body: Buffer, start: number): ZstdFrame {
  need(body, start, 5, 'frame header');
  const descriptor = body[start + 4] as number;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  if ((descriptor & 0x08) !== 0) throw malformed(start + 4, 'expected the reserved bit of the frame header to be 0');
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number;
  if (dictionaryBytes > 0) throw malformed(start + 4, 'expected a frame without a dictionary');
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >>> 6] as number;
  let at = start + 5;
  need(body, at, (isSingleSegment ? 0 : 1) + sizeBytes, 'frame header');

  let windowSize = 0;
  if (!isSingleSegment) {
    const byte = body[at++] as number;
    const base = 2 ** (10 + (byte >>> 3));
    windowSize = base + (base / 8) * (byte & 7);
  }
  const declaredSize = contentSize(body, at, sizeBytes);
  at += sizeBytes;
  if (isSingleSegment) windowSize = declaredSize as number;
  if (windowSize > maxWindow) {
    throw new PipelineError(
      'too-large',
      `zstd: a window of ${windowSize} bytes at byte ${start}; expected at most ${maxWindow}`,
    );
  }

  const blockLimit = Math.min(windowSize, largestBlock);
  const cuts = [start];
  let least = 0;
  let mostSize = 0;
  for (let isLast = false; !isLast; ) {
    need(body, at, 3, 'block header');
    const header = body.readUIntLE(at, 3);
    const type = (header >>> 1) & 3;
    const size = header >>> 3;
    isLast = (header & 1) === 1;
    if (type === 3) throw malformed(at, 'expected a block of type 0, 1 or 2');
    if (size > blockLimit) throw malformed(at, `expected a block of at most ${blockLimit} bytes`);
    const stored = type === 1 ? 1 : size;
    need(body, at + 3, stored, 'block');
    if (type !== 2) least += size;
    mostSize += type === 2 ? blockLimit : size;
    cuts.push(at);
    at += 3 + stored;
  }
  if ((descriptor & 0x04) !== 0) {
    need(body, at, 4, 'checksum');
    at += 4;
  }
  cuts.push(at);
  // A size that the blocks cannot come to would only make a decoder allocate.
  if (declaredSize !== undefined && (declaredSize < least || declaredSize > mostSize)) {
    throw malformed(
      start,
      `expected a declared size between ${least} and ${mostSize}, which is what the blocks can hold`,
    );
  }
  return { cuts, declaredSize, mostSize, blockLimit };
}

function contentSize(body: Buffer, at: number, bytes: number): number | undefined {
  if (bytes === 0) return undefined;
  if (bytes === 1) return body[at];
  if (bytes === 2) return body.readUInt16LE(at) + 256;
  if (bytes === 4) return body.readUInt32LE(at);
  // Past 2^53 the number is not exact, and far past every limit.
  return body.readUInt32LE(at) + body.readUInt32LE(at + 4) * 2 ** 32;
}

function need(body: Buffer, at: number, length: number, what: string): void {
  if (at + length > body.length) throw malformed(body.length, `the body ends inside a ${what}`);
}
