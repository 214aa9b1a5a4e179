import {
  type Collector,
  type CollectorOptions,
  createCollector,
  PipelineError,
  type PipelineErrorCode,
  type PipelinesConfig,
} from '@otelier/core';
import { buildLogs, type LogsBatch } from '@otelier/otlp';
import { assertConservation, type FakeClock, fakeClock, memoryReceiver } from '@otelier/testing';
import { expect, vi } from 'vitest';
import { bodies, memoryLog } from '../host.js';
import { Books } from './books.js';
import { type AnyExporter, build, type World } from './build.js';
import { anywhere, type History, type Shape, type Step } from './shapes.js';

/** Where a collector keeps things. */
export interface Disk {
  readonly options: () => CollectorOptions;
  /** As `kill -9`. */
  readonly crash?: () => void;
  readonly fail?: () => void;
  /** A moment, in which it may have written. */
  readonly turn: () => Promise<void>;
  /** How long a drain may take, on a clock that may run faster than it writes. */
  readonly drainMs: number;
}

/** What a sender was told of a request. */
interface Sent {
  readonly names: readonly string[];
  outcome: 'waiting' | 'taken' | PipelineErrorCode;
  refused: number;
}

type Send = Extract<Step, { do: 'send' }>;

/** Why a queue drops what no backend has refused. */
const ownReasons = ['expired', 'queue full', 'closed', 'damaged'] as const;
const longMs = 3_600_000;
const tickMs = 500;

/** Plays a history, lets everything come to rest, and holds everybody to what they have said. */
export async function play({ shape, steps, seed, drains }: History, disk: Disk): Promise<void> {
  const random = vi.spyOn(Math, 'random').mockImplementation(randomFrom(seed));
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  try {
    const run = new Run(shape, disk);
    await run.begin();
    for (const [id, step] of steps.entries()) await run.step(step, id);
    await run.end(drains);
    run.check(drains ? [...steps, { do: 'restart' }] : steps);
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  } finally {
    random.mockRestore();
    process.off('unhandledRejection', note);
  }
}

class Run {
  readonly #shape: Shape;
  readonly #disk: Disk;
  readonly #clock: FakeClock = fakeClock();
  readonly #books: Books;
  readonly #receiver = memoryReceiver();
  readonly #sent: Sent[] = [];
  readonly #sends: Promise<void>[] = [];
  readonly #calm: PromiseWithResolvers<void> = withResolvers();
  #isCalm = false;
  #generation = 0;
  #collector!: Collector;

  constructor(shape: Shape, disk: Disk) {
    this.#shape = shape;
    this.#disk = disk;
    this.#books = new Books(shape);
  }

  async begin(): Promise<void> {
    const options = { clock: this.#clock, logger: memoryLog().logger, ...this.#disk.options() };
    this.#collector = createCollector(this.#config(), options);
    await this.#settled(this.#collector.start());
  }

  #config(): PipelinesConfig {
    const mine = this.#generation;
    const world: World = {
      ...{ clock: this.#clock, books: this.#books, calm: this.#calm.promise },
      isAlive: () => mine === this.#generation,
      isCalm: () => this.#isCalm,
    };
    const exporters = [build(this.#shape, world) as AnyExporter];
    return { limits: { drain: `${this.#disk.drainMs}ms` }, logs: { test: { receivers: [this.#receiver], exporters } } };
  }

  async step(step: Step, id: number): Promise<void> {
    if (step.do === 'send') await this.#send(step, id);
    else if (step.do === 'time') await this.#clock.advance(step.ms);
    else if (step.do === 'reload') await this.#inTime(this.#collector.reload(this.#config()));
    else if (step.do === 'disk full') this.#disk.fail?.();
    else if (step.do === 'restart') {
      await this.#stop();
      await this.begin();
    } else {
      this.#generation++;
      this.#disk.crash?.();
      this.#addUp();
      // Nobody hears of those any more.
      for (const sent of this.#sent) if (sent.outcome === 'waiting') sent.outcome = 'unavailable';
      await this.begin();
    }
    assertConservation(this.#collector.accounts());
  }

  async #send({ of, each, poison, patience, waits }: Send, id: number): Promise<void> {
    const batch = batchOf(of, each, poison, id);
    const sent: Sent = { names: bodies(batch.fork()) as string[], outcome: 'waiting', refused: 0 };
    this.#sent.push(sent);
    const sender = new AbortController();
    const hangUp = patience === undefined ? () => {} : this.#clock.after(patience, () => sender.abort());
    const ended = (outcome: Sent['outcome'], refused = 0) => {
      hangUp();
      // What was told to a sender whose process was killed meanwhile does not count.
      if (sent.outcome === 'waiting') Object.assign(sent, { outcome, refused });
    };
    const sending = this.#receiver.send(batch, { signal: sender.signal }).then(
      ({ refused }) => ended('taken', refused),
      (error: unknown) => ended(PipelineError.from(error).code),
    );
    this.#sends.push(sending);
    for (let i = 0; waits && i < 6 && sent.outcome === 'waiting'; i++) await this.#tick();
  }

  /** Nothing goes wrong any more: everything comes to rest. */
  async end(drains: boolean): Promise<void> {
    this.#isCalm = true;
    this.#calm.resolve();
    if (drains) {
      const closed = () => this.#books.dropped(this.#shape, ['closed']);
      const before = closed();
      await this.#stop(longMs);
      // There was time enough for everything.
      expect(closed()).toBe(before);
      await this.begin();
    }
    const held = () => Object.values(this.#collector.accounts()).some((account) => account.held > 0);
    for (let i = 0; i < 500 && held(); i++) await this.#tick(2000);
    assertConservation(this.#collector.accounts());
    expect(held()).toBe(false);
    const report = await this.#stop();
    expect(report.kept).toBe(0);
    for (const { outcome } of this.#sent) expect(outcome).not.toBe('waiting');
  }

  async #stop(deadlineMs: number = this.#disk.drainMs) {
    const stopping = this.#collector.shutdown({ deadline: `${deadlineMs}ms` });
    const report = await this.#inTime(stopping, deadlineMs);
    assertConservation(this.#collector.accounts());
    const { held, dropped } = this.#addUp();
    expect(report).toMatchObject({ kept: held, lost: dropped, errors: [] });
    return report;
  }

  /** What the queues of a run that is over say that they have dropped. */
  #addUp(): { readonly held: number; readonly dropped: number } {
    const accounts = this.#collector.accounts();
    const sum = { held: 0, dropped: 0 };
    for (const { ids, dropped } of this.#books.queues.values())
      for (const id of ids) {
        sum.held += accounts[id]?.held ?? 0;
        for (const [reason, count] of Object.entries(accounts[id]?.dropped ?? {})) {
          sum.dropped += count;
          dropped.set(reason, (dropped.get(reason) ?? 0) + count);
        }
      }
    return sum;
  }

  async #tick(ms: number = tickMs): Promise<void> {
    await this.#disk.turn();
    await this.#clock.advance(ms);
  }

  async #settled<T>(work: Promise<T>): Promise<T> {
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    work.then(over, over);
    for (let i = 0; i < 20 && !isOver; i++) await this.#disk.turn();
    while (!isOver) await this.#tick();
    return work;
  }

  /** Nobody hangs past the deadline of the drain and the moment that closing may take. */
  async #inTime<T>(work: Promise<T>, deadlineMs: number = this.#disk.drainMs): Promise<T> {
    const began = this.#clock.now();
    const done = await this.#settled(work);
    expect(this.#clock.now() - began).toBeLessThanOrEqual(deadlineMs + 1000 + 2 * tickMs);
    return done;
  }

  check(steps: readonly Step[]): void {
    this.#checkQueues(steps);
    this.#checkSenders();
    expect(this.#books.putAwayForNothing(), 'put away for nothing').toEqual([]);
    this.#checkRepetition(steps);
  }

  /** What a queue has said yes to is with a backend, or in a dead letter, or was refused by a backend for good, or was dropped by the queue's own rules; and it has counted so. */
  #checkQueues(steps: readonly Step[]): void {
    const books = this.#books;
    const restarts = steps.some((step) => step.do === 'restart' || step.do === 'crash' || step.do === 'disk full');
    for (const [queue, { accepted, dropped }] of books.queues) {
      const of = (queue as Extract<Shape, { kind: 'queue' }>).of;
      const there = new Set(books.stored(of));
      const excused = books.excused(of);
      const missing = [...new Set(accepted)].filter((name) => !there.has(name));
      const lost = missing.filter((name) => !excused.has(name));
      expect(lost.slice(books.dropped(queue, ownReasons)), 'kept for nothing').toEqual([]);
      expect(books.dropped(queue), 'what is missing is counted').toBeGreaterThanOrEqual(missing.length);
      if (!restarts) expect(dropped.get('closed') ?? 0, 'closed').toBe(0);
      const refused = books.refused(of);
      const own = [...dropped].reduce(
        (sum, [r, count]) => ((ownReasons as readonly string[]).includes(r) ? sum : sum + count),
        0,
      );
      if (!restarts)
        expect(own, 'counted for nothing').toBeLessThanOrEqual(accepted.filter((name) => refused.has(name)).length);
    }
  }

  /** What a sender was told is taken is there, but for what it was told is refused. */
  #checkSenders(): void {
    const there = new Set(this.#books.stored(this.#shape));
    const excused = this.#books.excusedByQueues(this.#shape);
    const own = this.#books.dropped(this.#shape, ownReasons);
    let unexplained = 0;
    for (const { names, outcome, refused } of this.#sent) {
      if (outcome !== 'taken') continue;
      const missing = names.filter((name) => !there.has(name) && !excused.has(name));
      unexplained += Math.max(0, missing.length - refused);
    }
    expect(unexplained, 'taken and gone').toBeLessThanOrEqual(own);
  }

  /** Nothing is stored twice, unless an answer was lost or a process ended. */
  #checkRepetition(steps: readonly Step[]): void {
    if (steps.some(({ do: what }) => what === 'crash' || what === 'disk full')) return;
    // What is under way when a queue is closed may have been delivered in part.
    const ends = steps.some(({ do: what }) => what !== 'send' && what !== 'time');
    const unknown = ['late', 'stale', ...(ends ? ['hang', 'deaf', 'slow'] : [])];
    const mayRepeat = (answer: string) => unknown.includes(answer);
    if (anywhere(this.#shape, (one) => one.kind === 'leaf' && one.answers.some(mayRepeat))) return;
    const stored = this.#books.stored(this.#shape);
    const twice = stored.filter((name, i) => stored.indexOf(name) !== i);
    expect(twice, 'stored twice').toEqual([]);
  }
}

function batchOf(of: string, each: number, poison: number, id: number): LogsBatch {
  let left = poison;
  return buildLogs(
    [...of].map((name) => ({
      resource: { attributes: { name } },
      records: Array.from({ length: each }, (_, i) => ({
        timeUnixNano: 1n,
        body: `${name}${String(id).padStart(2, '0')}.${i}${left-- > 0 ? '!' : ''}`,
      })),
    })),
  );
}

function randomFrom(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
