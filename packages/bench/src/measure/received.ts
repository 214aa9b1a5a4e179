import { Ticking } from '../corpus/ticks.js';

/**
 * Stands in for a receiver: each call gives the request anew in memory that the batch then owns, as after reading a body.
 *
 * The copy is part of the measured time. The memory is the same each time, as what came out is not kept.
 */
export function received(request: Buffer): () => Buffer {
  const body = Buffer.allocUnsafeSlow(request.length);
  return () => {
    body.set(request);
    return body;
  };
}

/** {@link received} for deltas, each time of the next minute: a pipeline that keeps state drops what comes again. */
export function receivedDeltas(request: Buffer): () => Buffer {
  const requests = new Ticking(request);
  const body = Buffer.allocUnsafeSlow(request.length);
  return () => requests.into(body);
}
