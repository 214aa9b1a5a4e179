import type { Consume } from '../../consume.js';
import { PipelineError } from '../../error.js';
import type { Flow } from '../../flow.js';
import type { AnyBatch } from '../../signal.js';
import type { Stateful } from '../../state.js';
import type { StateStore } from '../../store/state-store.js';
import type { Account } from '../account.js';
import { Face, Root, rootOf } from '../face.js';
import type { Engine, Turns } from '../host.js';
import { Arrivals } from './arrivals.js';
import { Entry } from './entry.js';
import { Outbox } from './outbox.js';
import { Pass } from './pass.js';
import { Records } from './records.js';

/** A stateful stage of a section. */
export interface Part {
  readonly id: string;
  readonly state: Stateful;
  readonly account: Account;
}

/** A batch that waits until the one before it is through. */
interface Waiting {
  run(): Promise<void>;
  resolve(): void;
  reject(error: PipelineError): void;
}

/** What a section is made with. */
export interface SectionOptions {
  /** The pipeline's path, `metrics/usage`. */
  readonly path: string;
  readonly engine: Engine;
  /** Of the node that drops what has arrived before. */
  readonly entryAccount: Account;
  /** Of the outbox. */
  readonly account: Account;
  readonly windowMs: number;
  readonly outboxBytes: number;
  /** To be called when a batch reaches the outbox. */
  readonly onArrival: () => void;
}

/**
 * The stateful processors of one pipeline, and what makes their totals exact: one batch at a time goes through them ({@link consume}), what has
 * arrived before is dropped first, and behind the last of them ({@link gate}) state and output become final together, after which the outbox delivers.
 *
 * A batch that fails before that is taken back as a whole. Everything is held until {@link open}.
 */
export class Section implements Turns {
  /** The stateful processors and those between them; set before {@link open}. */
  inner!: Consume<AnyBatch>;
  readonly parts: Part[] = [];
  readonly outbox: Outbox;
  readonly #options: SectionOptions;
  readonly #records: Records;
  #arrivals: Arrivals;
  #busy = true;
  #running = false;
  #pass: Pass | undefined;
  #queue: Waiting[] = [];
  /** What stages do by themselves, until it has come to its end. */
  readonly #turns: Set<Promise<void>> = new Set();
  #refusal: PipelineError | undefined;

  constructor(options: SectionOptions) {
    const { path, engine, account, windowMs, outboxBytes } = options;
    const { clock, logger } = engine;
    this.#options = options;
    this.#arrivals = new Arrivals(windowMs, clock);
    this.#records = new Records(path, clock, logger, () => this.#rewrite());
    this.outbox = new Outbox({
      ...{ account, clock, logger, limitBytes: outboxBytes },
      forget: (entry) => this.#records.forget(entry),
    });
  }

  get path(): string {
    return this.#options.path;
  }

  /**
   * Takes over what the store has, if there is one, and from the section that this one replaces; then lets batches in. The answer resolves when
   * a crash would not undo that this section has begun: what a stage concludes from its beginning must hold for the next run, too.
   */
  open(store: StateStore | undefined, before: Section | undefined): Promise<void> | undefined {
    this.#records.store = store;
    this.outbox.durable = store !== undefined;
    const inherited = new Set(before?.retire(this));
    for (const part of this.parts) if (!inherited.has(part.id)) this.#records.restore(part.id, part.state);
    if (before === undefined) this.#records.restoreSection(this.#arrivals, this.outbox, this.#options.account.signal);
    const begun = this.#records.begin(this.parts);
    this.#release();
    this.outbox.pump();
    return begun;
  }

  /** The way in. */
  readonly consume: Consume<AnyBatch> = (batch, flow) => {
    const { entryAccount } = this.#options;
    const count = batch.count;
    const face = new Face(rootOf(flow), entryAccount, count);
    entryAccount.enter(count);
    return this.#busy || this.#queue.length > 0 ? this.#wait(() => this.#enter(batch, face)) : this.#enter(batch, face);
  };

  /** The way out. */
  readonly gate: Consume<AnyBatch> = (batch, flow) => {
    const { account, onArrival } = this.#options;
    account.enter(batch.count);
    onArrival();
    const entry = new Entry(batch, flow);
    const outcome = entry.outcome();
    const of = rootOf(flow).passOf();
    const pass = this.#pass;
    if (of instanceof Pass && of !== pass && of.over) {
      // Part of a batch whose changes are final (or taken back) already.
      if (of.failed) this.#refuse([entry], this.#refusal ?? superseded());
      else this.#late(entry);
      return outcome;
    }
    if (pass === undefined) this.#late(entry);
    else {
      pass.entries.push(entry);
      if (!pass.running) void this.#commit(pass);
    }
    return outcome;
  };

  /** Lets a stage do something by itself, as a pass like that of a batch. */
  turn(run: (flow: Flow) => Promise<void>, account: Account | undefined): Promise<void> {
    const enter = (): Promise<void> => {
      // Its state is somebody else's by now.
      if (this.#refusal !== undefined) return Promise.resolve();
      this.#busy = true;
      return this.#through(run, new Root(undefined, account), ready);
    };
    const done = this.#busy || this.#queue.length > 0 ? this.#wait(enter) : enter();
    const over = (): void => void this.#turns.delete(done);
    this.#turns.add(done);
    done.then(over, over);
    return done;
  }

  /** Takes back what is under way, refuses what comes, and gives state to the section that takes over; answers the ids of the parts that have gone over. */
  retire(to: Section): string[] {
    this.#stop(new PipelineError('unavailable', 'the pipeline file was replaced while this batch was on its way'));
    const moved: string[] = [];
    for (const part of this.parts) {
      const heir = to.parts.find(({ id }) => id === part.id);
      if (heir === undefined) continue;
      this.#records.move(part, heir);
      moved.push(part.id);
    }
    this.#arrivals.windowMs = to.#arrivals.windowMs;
    to.#arrivals = this.#arrivals;
    this.outbox.handOver(to.outbox);
    this.#records.handOver(to.#records);
    return moved;
  }

  /** Delivers what can be and makes final what is done. */
  async flush(): Promise<void> {
    await Promise.allSettled(this.#turns);
    await this.outbox.flush();
    await this.#records.flush();
  }

  async close(): Promise<void> {
    this.#stop(new PipelineError('unavailable', 'the collector stopped before this batch was delivered'));
    this.outbox.close();
    await this.#records.flush();
  }

  #stop(refusal: PipelineError): void {
    this.#refusal ??= refusal;
    const pass = this.#pass;
    if (pass !== undefined) {
      this.#undo(pass);
      this.#refuse(pass.entries, refusal);
    }
    this.#busy = false;
    const queue = this.#queue;
    this.#queue = [];
    for (const { run, resolve, reject } of queue) run().then(resolve, reject);
  }

  #wait(run: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => this.#queue.push({ run, resolve, reject }));
  }

  #enter(batch: AnyBatch, face: Face): Promise<void> {
    const { entryAccount } = this.#options;
    if (this.#refusal !== undefined) {
      entryAccount.fail(face, this.#refusal.code);
      return Promise.reject(this.#refusal);
    }
    this.#busy = true;
    const removed = this.#arrivals.admit(batch);
    if (removed > 0) {
      face.drop(removed, 'duplicate');
      if (removed === face.size) {
        entryAccount.settle(face);
        this.#arrivals.undo();
        this.#release();
        return this.#caughtUp();
      }
      batch.prune();
    }
    entryAccount.pass(face, batch.count);
    const flow = new Root(face.root, undefined, undefined, face.root);
    // What was dropped may be in the outbox, from the time that it was sent before.
    const done = this.#through(
      (of) => this.inner(batch, of),
      flow,
      () => this.#caughtUp(),
    );
    return removed === 0 ? done : done.then(() => this.#caughtUp());
  }

  /** Until what arrived before is safe and has been delivered. */
  #caughtUp(): Promise<void> {
    return this.#records.safe().then(() => this.outbox.caughtUp());
  }

  /** `idle`: what to wait for when nothing has come out. */
  #through(run: (flow: Root) => Promise<void>, flow: Root, idle: () => Promise<void>): Promise<void> {
    const pass = new Pass();
    flow.pass = pass;
    this.#pass = pass;
    let outcome: Promise<void>;
    try {
      outcome = run(flow);
    } catch (thrown) {
      outcome = Promise.reject(thrown);
    }
    pass.running = false;
    if (pass.entries.length > 0) void this.#commit(pass);
    // Once it is over, what the stages wait for is the delivery.
    if (pass.over) return outcome;
    return outcome.then(
      () => this.#ended(pass, idle),
      (thrown) => {
        if (!pass.over) {
          this.#undo(pass);
          this.#release();
        }
        throw thrown;
      },
    );
  }

  /** Everything was dropped, or has gone into state. */
  #ended(pass: Pass, idle: () => Promise<void>): Promise<void> {
    if (pass.over) return settledOr(pass.failed ? this.#refusal : undefined);
    const saved = this.#commit(pass);
    return saved === undefined ? idle() : saved.then(idle);
  }

  /** Makes changes and output final together; the answer is for a pass without output, when there is something to wait for. */
  #commit(pass: Pass): Promise<void> | undefined {
    const { entries } = pass;
    let size = 0;
    for (const entry of entries) size += entry.size;
    if (size > 0 && !this.outbox.admits(size)) {
      this.#undo(pass);
      this.#release();
      this.#refuse(
        entries,
        new PipelineError('overloaded', `${this.path}: the outbox is full`, { retryAfterMs: 1000 }),
      );
      return undefined;
    }
    this.#finish(pass);
    let saved: Promise<void> | undefined;
    try {
      this.#append(entries);
      saved = this.#records.save(this.parts, this.#arrivals, entries, () => this.outbox.arrived());
    } finally {
      this.#release();
    }
    // Senders of what came out hear of a failure by their entries.
    saved?.catch(() => {});
    return saved;
  }

  /** A batch that comes out after its pass is over, or by itself. */
  #late(entry: Entry): void {
    const pass = new Pass();
    pass.running = false;
    pass.entries.push(entry);
    const run = async (): Promise<void> => {
      if (this.#refusal !== undefined) return this.#refuse([entry], this.#refusal);
      this.#busy = true;
      void this.#commit(pass);
    };
    if (this.#busy) this.#wait(run).catch(() => {});
    else void run();
  }

  #append(entries: readonly Entry[]): void {
    const { account } = this.#options;
    for (const entry of entries) {
      const face = new Face(undefined, account, entry.count);
      this.outbox.append(entry);
      account.settle(face);
    }
  }

  #refuse(entries: readonly Entry[], error: PipelineError): void {
    const { account } = this.#options;
    for (const entry of entries) {
      account.fail(new Face(undefined, account, entry.count), error.code);
      entry.tell(error);
    }
  }

  #undo(pass: Pass): void {
    this.#finish(pass);
    pass.failed = true;
    for (const { state } of this.parts) state.undo();
    this.#arrivals.undo();
  }

  #finish(pass: Pass): void {
    pass.over = true;
    if (this.#pass === pass) this.#pass = undefined;
  }

  #release(): void {
    this.#busy = false;
    if (this.#running) return;
    this.#running = true;
    // Each may be through at once: a loop, lest a long queue become a deep stack.
    while (!this.#busy) {
      const next = this.#queue.shift();
      if (next === undefined) break;
      next.run().then(next.resolve, next.reject);
    }
    this.#running = false;
  }

  /** Writes everything anew after a commit has failed; false while a batch is on its way through. */
  #rewrite(): boolean {
    if (this.#busy) return false;
    if (this.#refusal !== undefined) return true;
    this.#records.rewrite(this.parts, this.#arrivals, this.outbox.entries(), () => this.outbox.arrived());
    return true;
  }
}

function ready(): Promise<void> {
  return Promise.resolve();
}

function superseded(): PipelineError {
  return new PipelineError('unavailable', 'a batch was taken back before all of it had come out');
}

function settledOr(error: PipelineError | undefined): Promise<void> {
  return error === undefined ? Promise.resolve() : Promise.reject(error);
}
