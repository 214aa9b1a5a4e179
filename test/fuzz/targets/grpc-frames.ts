import { createRequire } from 'node:module';
import { FuzzedDoor, maxBytes } from '../door.js';
import { mutateBytes } from '../mutate.js';
import { mutateFields } from '../mutate-protobuf.js';
import { expectSound } from '../oracle.js';
import { Random } from '../random.js';
import { requestSeeds } from '../seeds.js';
import { Broken, expectTrue, type Target, type Verdict } from '../target.js';

interface Decoder {
  /** Whole frames, each with its head of five bytes. */
  write(chunk: Buffer): Buffer[];
}

// The gRPC door stands on this class, which has no public way to it.
const { StreamDecoder } = createRequire(import.meta.url)('@grpc/grpc-js/build/src/stream-decoder.js') as {
  StreamDecoder: new (maxBytes: number) => Decoder;
};

/** The body of a gRPC call: length-prefixed messages, cut into chunks anywhere. */
export class GrpcFramesTarget implements Target {
  readonly name: string = 'grpc frames';
  readonly share: number = 6;
  private readonly door: FuzzedDoor = new FuzzedDoor();

  seeds(random: Random): Buffer[] {
    const requests = requestSeeds('logs', 'pb', random);
    return [...requests.map(frame), Buffer.concat(requests.slice(0, 3).map(frame))];
  }

  mutate(input: Buffer, other: Buffer, random: Random): Buffer {
    if (random.below(2) === 0) return mutateBytes(input, other, random);
    return frame(mutateFields('logs', Buffer.from(input.subarray(5)), random));
  }

  run(input: Buffer, isDeep: boolean): Verdict {
    const expected = readFrames(input);
    const found: Buffer[] = [];
    let isRefused = false;
    try {
      const decoder = new StreamDecoder(maxBytes);
      for (const chunk of chunks(input)) found.push(...decoder.write(chunk));
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('Received message larger than max')) throw error;
      isRefused = true;
    }
    expectTrue(isRefused === expected.isTooLong, 'a frame is refused when, and only when, it is longer than the limit');
    if (isRefused) return 'refused';
    expectTrue(found.length === expected.frames.length, 'as many frames, however the body is cut');
    let verdict: Verdict = 'refused';
    for (const [i, each] of found.entries()) {
      expectTrue(each.equals(expected.frames[i] as Buffer), 'the same frames');
      const message = Buffer.from(each.subarray(5));
      const batch = each[0] === 0 ? this.door.receive('logs', Buffer.from(message), 'protobuf') : undefined;
      if (batch === undefined) continue;
      if (batch !== 'empty') expectSound(batch, message, isDeep);
      verdict = 'taken';
    }
    return verdict;
  }
}

function frame(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** The frames of a body, read in the plainest way. */
function readFrames(body: Buffer): { readonly frames: Buffer[]; readonly isTooLong: boolean } {
  const frames: Buffer[] = [];
  let at = 0;
  while (at + 5 <= body.length) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    if (end - at - 5 > maxBytes) return { frames, isTooLong: true };
    if (end > body.length) break;
    frames.push(body.subarray(at, end));
    at = end;
  }
  return { frames, isTooLong: false };
}

/** The body in pieces whose sizes depend on it alone, so that an input is one case for good. */
function chunks(body: Buffer): Buffer[] {
  const random = new Random(body.length * 31 + (body[body.length >> 1] ?? 0));
  const parts: Buffer[] = [];
  let at = 0;
  while (at < body.length) {
    const end = at + 1 + random.below(random.below(2) === 0 ? 4 : body.length);
    parts.push(body.subarray(at, end));
    at = end;
  }
  if (Buffer.concat(parts).length !== body.length) throw new Broken('the pieces are the body');
  return parts;
}
