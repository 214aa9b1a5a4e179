import { status } from '@grpc/grpc-js';
import type { Fault } from '../fault.js';
import { backendDown } from './backend-down.js';
import { partialSuccess } from './partial-success.js';
import { reset } from './reset.js';

const overGrpc = (fault: Fault): Fault => ({
  ...fault,
  name: `${fault.name} (gRPC)`,
  short: Math.ceil(fault.short / 2),
  backend: 'grpc',
});

/** As `slow`; a longer timeout, since a call that is given up while its answer is on the way does not show here. */
const timeoutMs = 1_000;
const slow: Fault = {
  name: 'backend slow (gRPC)',
  short: 2,
  backend: 'grpc',
  file: { timeoutMs },
  moods: (random) => ({ does: 'take', afterMs: random.chance(0.05) ? 2 * timeoutMs : random.between(0, 60) }),
  strike: (world) => world.acknowledged(world.random.between(100, 400)),
};

/** The backend refuses for now, or for good: RESOURCE_EXHAUSTED without RetryInfo is no promise to take it later. */
const busy: Fault = {
  name: 'UNAVAILABLE and RESOURCE_EXHAUSTED',
  short: 2,
  backend: 'grpc',
  moods(random) {
    if (random.chance(0.8)) return { does: 'take' };
    const code = random.pick([status.UNAVAILABLE, status.UNAVAILABLE, status.RESOURCE_EXHAUSTED]);
    if (random.chance(0.3)) return { does: 'refuse', status: code };
    return { does: 'refuse', status: code, retryAfterMs: random.pick([0, 0.5, 20, 999, 1_500]) };
  },
  strike: (world) => world.acknowledged(world.random.between(50, 300)),
};

/** The same and others, of a backend that speaks gRPC. */
export const grpcFaults: readonly Fault[] = [...[backendDown, reset, partialSuccess].map(overGrpc), slow, busy];
