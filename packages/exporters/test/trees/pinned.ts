import type { QueueOptions } from '../../src/queue/queue.js';
import type { Answer, History, Shape, Step } from './shapes.js';

const leaf = (answers: readonly Answer[], of: { limit?: number; cut?: number } = {}): Shape => ({
  ...{ kind: 'leaf', answers, limit: 100, cut: 100 },
  ...of,
});
const queue = (of: Shape, options: QueueOptions = {}): Shape => ({ kind: 'queue', of, options });
const retry = (of: Shape, letter?: Shape, searches = true): Shape => ({
  ...{ kind: 'retry', of, letter, searches, maxElapsed: '1h' },
});
const failover = (...of: Shape[]): Shape => ({ kind: 'failover', of });
const loadBalance = (...of: Shape[]): Shape => ({ kind: 'loadBalance', of, spill: false });
const mirror = (of: Shape, copy: Shape): Shape => ({ kind: 'mirror', of, copy });

const send = (each: number, of = 'a', poison = 0): Step => ({
  ...{ do: 'send', of, each, poison, patience: undefined, waits: false },
});
const thrice: readonly Answer[] = ['yes', 'yes', 'yes'];
const reload: Step = { do: 'reload' };
const restart: Step = { do: 'restart' };
const full: QueueOptions = { maxBatches: 1, whenFull: 'wait' };

const drained = (shape: Shape, ...steps: Step[]): History => ({ shape, steps, seed: 1, drains: true });
/** With time enough for every answer. */
const history = (shape: Shape, ...steps: Step[]): History => {
  const time: Step = { do: 'time', ms: 70_000 };
  return { shape, steps: [...steps, time, time, time], seed: 1, drains: false };
};

/** Histories that went wrong once, and what was promised. */
export const pinned: readonly (readonly [promise: string, history: History])[] = [
  [
    'a queue keeps a part that the backend does not take from us while its neighbours are delivered',
    history(queue(retry(leaf(['yes', 'unauthenticated', 'yes'], { limit: 1 }))), send(2)),
  ],
  [
    'a queue keeps the share of a target that does not know us while the others are delivered',
    history(queue(loadBalance(leaf(['unsupported']), leaf([]))), send(1, 'abc')),
  ],
  [
    'a queue keeps a part of a request that the exporter has cut to size',
    history(queue(leaf(['yes', 'unauthenticated'], { cut: 1 })), send(3)),
  ],
  [
    'a part that a target does not take from us goes elsewhere also when another part was refused for what it is',
    history(queue(failover(leaf(['rejected', 'unauthenticated'], { cut: 1 }), leaf([]))), send(2)),
  ],
  [
    'a queue keeps a part of a share that is not taken from us also when another was refused for what it is',
    history(queue(loadBalance(leaf(['rejected', 'unauthenticated'], { cut: 1 }))), send(2)),
  ],
  [
    'what has been delivered of a part that was left of a batch is not sent again',
    history(queue(retry(leaf([...thrice, 'unavailable', ...thrice, 'unavailable', ...thrice], { limit: 1 }))), send(4)),
  ],
  [
    'what a backend refuses of a request that it then fails at counts once',
    history(queue(leaf(['wavering'])), send(1)),
  ],
  [
    'an expired token sends nothing from a queue to the dead letter',
    history(queue(retry(leaf(['unauthenticated']), leaf([]))), send(2)),
  ],
  [
    'what the dead letter does not take from us stays in the queue',
    history(queue(retry(leaf([]), leaf(['unauthenticated']))), send(1, 'a', 1)),
  ],
  [
    'a part that the dead letter does not take from us stays in the queue',
    history(queue(retry(leaf(['rejected']), leaf(['yes', 'unauthenticated'], { cut: 1 }), false)), send(2)),
  ],
  [
    'what the dead letter of a dead letter does not take from us stays in the queue',
    history(queue(retry(leaf([]), retry(leaf([]), leaf(['no descriptor'])))), send(1, 'a', 1)),
  ],
  [
    'what has been delivered of a batch is not sent again by the next run',
    history(queue(leaf(['yes', 'long patience'], { cut: 2 })), send(4), { do: 'time', ms: 1500 }, restart),
  ],
  [
    'a sender that waits for room is turned away by a reload, and counts once',
    history(failover(queue(leaf(['long patience']), full)), send(1), send(1), reload),
  ],
  [
    'what comes out of a pause and into a queue during a drain is still delivered',
    drained(retry(queue(leaf(['unavailable', 'unavailable']), { maxBatches: 1 })), send(1), send(1)),
  ],
  [
    'so it is in a copy',
    drained(mirror(leaf([]), retry(queue(leaf(['unavailable']), { maxBatches: 1 }))), send(1), send(1)),
  ],
];
