import fc from 'fast-check';
import type { QueueOptions } from '../../src/queue/queue.js';

/**
 * What a backend does with one request.
 *
 * `late`: it has stored the data, but the answer is an error; `wavering`: it refuses a part, then fails at the whole; `stale`: it answers when
 * its client has left, and has stored the data; `deaf`: it does not end even then; `throws`: before it returns a promise.
 */
export type Answer = (typeof answers)[number];
const answers = [
  ...['yes', 'yes', 'yes', 'yes', 'slow', 'partly', 'rejected', 'unauthenticated', 'unsupported'],
  ...['unavailable', 'deadline', 'overloaded', 'patience', 'long patience', 'wavering', 'late'],
  ...['hang', 'deaf', 'stale', 'error', 'throws', 'undefined', 'no descriptor'],
] as const;

/** A tree of wrappers as a user could write it. */
export type Shape =
  | {
      readonly kind: 'leaf';
      /** To its first requests; from then on it takes everything. */
      readonly answers: readonly Answer[];
      /** Records that a request may have at most, as long as there are answers; above that, 413. */
      readonly limit: number;
      /** Records in one request of those that it cuts a batch into, as an OTLP exporter does by bytes. */
      readonly cut: number;
    }
  | { readonly kind: 'queue'; readonly of: Shape; readonly options: QueueOptions }
  | {
      readonly kind: 'retry';
      readonly of: Shape;
      readonly letter: Shape | undefined;
      readonly maxElapsed: '0s' | '10s' | '1h';
      /** Whether it looks for the record that is refused, where it has a dead letter. */
      readonly searches: boolean;
    }
  | { readonly kind: 'failover'; readonly of: readonly Shape[] }
  | { readonly kind: 'loadBalance'; readonly of: readonly Shape[]; readonly spill: boolean }
  | { readonly kind: 'mirror'; readonly of: Shape; readonly copy: Shape };

const leaf = fc.record({
  kind: fc.constant('leaf' as const),
  answers: fc.array(fc.constantFrom(...answers), { maxLength: 8 }),
  limit: fc.constantFrom(100, 100, 3, 1),
  cut: fc.constantFrom(100, 100, 2),
});

const queueOptions = (keep: QueueOptions['keep'][]): fc.Arbitrary<QueueOptions> =>
  fc
    .record({
      workers: fc.integer({ min: 1, max: 3 }),
      order: fc.constantFrom('series' as const, 'none' as const),
      keep: fc.constantFrom(...keep),
      maxBatches: fc.constantFrom(1, 3, 100, 100),
      whenFull: fc.constantFrom('refuse' as const, 'refuse' as const, 'wait' as const, 'drop-oldest' as const),
      maxAge: fc.constantFrom(undefined, undefined, '5s' as const),
    })
    .map((drawn) => Object.fromEntries(Object.entries(drawn).filter(([, value]) => value !== undefined)));

/** Trees of at most so many levels of wrappers, whose queues keep what they hold in one of these ways. */
export function shapes(levels: number, keep: QueueOptions['keep'][] = [undefined]): fc.Arbitrary<Shape> {
  if (levels === 0) return leaf;
  const of = shapes(levels - 1, keep);
  const several = fc.array(of, { minLength: 1, maxLength: 3 });
  return fc.oneof(
    { weight: 2, arbitrary: leaf },
    {
      weight: 5,
      arbitrary: fc.record({ kind: fc.constant('queue' as const), of, options: queueOptions(keep) }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('retry' as const),
        of,
        letter: fc.option(of, { nil: undefined }),
        maxElapsed: fc.constantFrom('0s' as const, '10s' as const, '1h' as const),
        searches: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('failover' as const), of: several }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('loadBalance' as const), of: several, spill: fc.boolean() }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('mirror' as const), of, copy: of }) },
  );
}

/** The exporters inside a shape. */
export function inside(shape: Shape): readonly Shape[] {
  switch (shape.kind) {
    case 'leaf':
      return [];
    case 'queue':
      return [shape.of];
    case 'retry':
      return shape.letter === undefined ? [shape.of] : [shape.of, shape.letter];
    case 'mirror':
      return [shape.of, shape.copy];
    default:
      return shape.of;
  }
}

/** Whether this is true of a shape or of anything inside it. */
export function anywhere(shape: Shape, is: (one: Shape) => boolean): boolean {
  return is(shape) || inside(shape).some((one) => anywhere(one, is));
}

/** One step of a history; `of`: a resource for each letter. */
export type Step =
  | {
      readonly do: 'send';
      readonly of: string;
      readonly each: number;
      readonly poison: number;
      /** When the sender hangs up, in milliseconds, if it does. */
      readonly patience: number | undefined;
      readonly waits: boolean;
    }
  | { readonly do: 'time'; readonly ms: number }
  | { readonly do: 'reload' | 'restart' | 'crash' | 'disk full' };

export interface History {
  readonly shape: Shape;
  readonly steps: readonly Step[];
  /** Of the jitter. */
  readonly seed: number;
  /** Whether the end comes as soon as nothing goes wrong any more, so that it is for the drain to deliver what is held. */
  readonly drains: boolean;
}

const send = fc.record({
  do: fc.constant('send' as const),
  of: fc.constantFrom('a', 'b', 'ab', 'abc'),
  each: fc.integer({ min: 1, max: 4 }),
  poison: fc.constantFrom(0, 0, 0, 1, 2),
  patience: fc.constantFrom(undefined, undefined, undefined, 2000),
  waits: fc.boolean(),
});
const time = fc.record({ do: fc.constant('time' as const), ms: fc.constantFrom(0, 100, 1500, 12_000, 70_000) });

/** Histories of such trees, with such steps between the requests. */
export function histories(shape: fc.Arbitrary<Shape>, also: readonly Exclude<Step['do'], 'send' | 'time'>[]) {
  const others = also.map((what) => ({ weight: 1, arbitrary: fc.constant<Step>({ do: what }) }));
  const step = fc.oneof({ weight: 6, arbitrary: send }, { weight: 3, arbitrary: time }, ...others);
  const steps = fc.array(step, { minLength: 1, maxLength: 12 });
  return fc.record<History>({ shape, steps, seed: fc.nat(), drains: fc.boolean() });
}
