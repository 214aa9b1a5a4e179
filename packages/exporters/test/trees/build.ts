import {
  type Clock,
  type Exporter,
  exporter,
  exporterStage,
  type Flow,
  innerStage,
  PipelineError,
  type PipelineErrorCode,
  type Signal,
} from '@otelier/core';
import type { LogsBatch } from '@otelier/otlp';
import { AttemptFlow } from '../../src/attempt-flow.js';
import { failover } from '../../src/failover/failover.js';
import { loadBalance } from '../../src/load-balance/load-balance.js';
import { mirror } from '../../src/mirror/mirror.js';
import { deliverParts } from '../../src/parts.js';
import { queue } from '../../src/queue/queue.js';
import { retry } from '../../src/retry/retry.js';
import { bodies } from '../host.js';
import type { Books, LeafBook } from './books.js';
import type { Answer as Kind, Shape } from './shapes.js';

/** The world that a tree is in. */
export interface World {
  readonly clock: Clock;
  readonly books: Books;
  /** Whether the process that this tree is of still lives. */
  readonly isAlive: () => boolean;
  /** Resolves when nothing goes wrong any more. */
  readonly calm: Promise<void>;
  readonly isCalm: () => boolean;
}

/** Who stands above a backend. */
interface Above {
  /** Keeps what the backend does not take from us. */
  readonly keeps: boolean;
  /** Cuts what is too large. */
  readonly cuts: boolean;
  /** Looks for the record that makes the backend refuse its neighbours. */
  readonly searches: boolean;
}
const nobody: Above = { keeps: false, cuts: false, searches: false };

/** The body of a record that no backend takes. */
export const isPoison = (name: string): boolean => name.endsWith('!');

/** Makes the exporter of a shape. */
export function build(shape: Shape, world: World, above: Above = nobody): Exporter<'logs'> {
  const within = (one: Shape, its: Above = above) => build(one, world, its);
  switch (shape.kind) {
    case 'leaf':
      return backend(shape, world, above);
    case 'queue':
      return observed(shape, world, queue(within(shape.of, { ...nobody, keeps: true }), shape.options));
    case 'retry': {
      const { letter, maxElapsed, searches } = shape;
      const its = { ...above, cuts: true, searches: letter === undefined ? above.searches : searches };
      if (letter === undefined) return retry(within(shape.of, its), { maxElapsed });
      const deadLetter = within(letter, { ...nobody, keeps: above.keeps }) as Exporter<never>;
      return retry(within(shape.of, its), { maxElapsed, deadLetter, maxBisections: searches ? 10_000 : 0 });
    }
    case 'failover':
      return failover(shape.of.map((one) => within(one)));
    case 'loadBalance': {
      const targets = shape.of.map((one, i) => [`t${i}`, within(one)] as const);
      return loadBalance(Object.fromEntries(targets), { by: 'resource', spill: shape.spill });
    }
    case 'mirror':
      return mirror(within(shape.of), [within(shape.copy, nobody)]);
  }
}

/** Notes what a queue says yes to. */
function observed(shape: Shape, { books, isAlive }: World, subject: Exporter<'logs'>): Exporter<'logs'> {
  const book = books.queues.get(shape)!;
  return exporterStage<'logs'>('seen', {
    logs: (host) => {
      const stage = innerStage(subject, 'logs', host);
      book.ids.add(`${host.id}/queue`);
      return {
        ...stage,
        async consume(batch, flow) {
          const names = bodies(batch.fork()) as string[];
          await stage.consume(batch, flow);
          if (isAlive()) book.accepted.push(...names);
        },
      };
    },
  });
}

function backend(shape: Extract<Shape, { kind: 'leaf' }>, world: World, above: Above): Exporter<'logs'> {
  const book = world.books.leaves.get(shape)!;
  // Not an async function: some throw at once.
  const answer = (batch: LogsBatch, flow: Flow): Promise<void> => {
    const names = bodies(batch) as string[];
    const kind = world.isCalm() ? 'yes' : (book.answers.shift() ?? 'yes');
    if (kind === 'throws' && world.isAlive()) {
      if (names.length === 1 || !above.searches) for (const name of names) book.final.add(name);
      throw new TypeError('thrown at once');
    }
    const limit = book.answers.length === 0 || world.isCalm() ? Number.POSITIVE_INFINITY : shape.limit;
    return new Request(names, flow, { world, above, book }).answer(kind, limit);
  };
  const consume = (batch: LogsBatch, flow: Flow): Promise<void> => {
    if (batch.count <= shape.cut) return answer(batch, flow);
    const deliver = async (part: LogsBatch): Promise<void> => {
      const attempt = new AttemptFlow(flow);
      await answer(part, attempt);
      attempt.settle();
    };
    return deliverParts(batch.split({ maxCount: shape.cut }), flow, deliver, batch);
  };
  return exporter('backend', { logs: consume });
}

/** One request at a backend. */
class Request {
  private readonly names: readonly string[];
  private readonly flow: Flow;
  private readonly at: { readonly world: World; readonly above: Above; readonly book: LeafBook };

  constructor(
    names: readonly string[],
    flow: Flow,
    at: { readonly world: World; readonly above: Above; readonly book: LeafBook },
  ) {
    this.names = names;
    this.flow = flow;
    this.at = at;
  }

  async answer(kind: Kind, limit: number): Promise<void> {
    const { world, above } = this.at;
    for (let i = 0; i < (kind === 'slow' ? 5 : 1); i++) await new Promise((resolve) => setImmediate(resolve));
    // A process that was killed hears nothing, and nobody hears of it.
    if (!world.isAlive()) await new Promise(() => {});
    if (kind === 'hang' || kind === 'stale') await this.#left();
    if (kind === 'deaf') await world.calm;
    if (!world.isAlive()) await new Promise(() => {});
    if (kind === 'hang' || kind === 'deaf') throw new PipelineError('deadline', 'no answer');
    if (kind === 'unavailable' || kind === 'deadline') throw new PipelineError(kind, 'not now');
    if (kind === 'overloaded') throw new PipelineError('overloaded', 'busy');
    if (kind === 'patience') throw new PipelineError('overloaded', 'busy', { retryAfterMs: 3000 });
    if (kind === 'long patience') throw new PipelineError('unavailable', 'busy', { retryAfterMs: 90_000 });
    if (kind === 'wavering') this.flow.refuse(1, 'refused by backend');
    if (kind === 'wavering') throw new PipelineError('unavailable', 'gone');
    if (kind === 'unauthenticated' || kind === 'unsupported') throw this.#turned(kind);
    if (kind === 'no descriptor') throw this.#turned(Object.assign(new Error('no more'), { code: 'EMFILE' }));
    if (kind === 'error') throw this.#refused(above.searches, new RangeError('a mistake'));
    if (kind === 'undefined') throw this.#refused(above.searches, undefined);
    if (this.names.length > limit) throw this.#refused(above.cuts, new PipelineError('too-large', '413'));
    if (kind === 'rejected' || this.names.some(isPoison))
      throw this.#refused(above.searches, new PipelineError('rejected', '400'));
    this.#take(kind);
    if (kind === 'late') throw new PipelineError('deadline', 'the answer was lost');
  }

  #take(kind: Kind): void {
    const { book } = this.at;
    const taken = this.names.filter((_, i) => kind !== 'partly' || i % 3 !== 0);
    book.stored.push(...taken);
    if (taken.length === this.names.length) return;
    for (const name of this.names) if (!taken.includes(name)) book.leftOut.add(name);
    this.flow.refuse(this.names.length - taken.length, 'refused by backend');
  }

  /** An answer about the data: final, unless somebody above looks closer. */
  #refused<E>(looksCloser: boolean, error: E): E {
    if (this.names.length === 1 || !looksCloser) for (const name of this.names) this.at.book.final.add(name);
    return error;
  }

  /** An answer about us: final, unless somebody above keeps the data. */
  #turned(how: PipelineErrorCode | Error): unknown {
    if (!this.at.above.keeps) for (const name of this.names) this.at.book.final.add(name);
    return how instanceof Error ? how : new PipelineError(how, 'not from you');
  }

  /** Resolves when the client leaves, or when nothing goes wrong any more. */
  #left(): Promise<void> {
    const { signal } = this.flow;
    const left = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    return Promise.race([left, this.at.world.calm]);
  }
}

export type AnyExporter = Exporter<Signal>;
