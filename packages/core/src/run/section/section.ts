import type { Consume } from '../../consume.js';
import { PipelineError } from '../../error.js';
import type { Flow } from '../../flow.js';
import type { AnyBatch } from '../../signal.js';
import type { StateStore } from '../../store/state-store.js';
import type { Account } from '../account.js';
import { Face, Root, rootOf } from '../face.js';
import type { Turns } from '../host.js';
import { Arrivals } from './arrivals.js';
import { Entry, refuseAll } from './entry.js';
import { Line } from './line.js';
import { Outbox } from './outbox.js';
import type { Part } from './part.js';
import { Pass } from './pass.js';
import { Records } from './records.js';
import type { SectionOptions } from './section-options.js';

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
  readonly #line: Line = new Line();
  #pass: Pass | undefined;
  /** What stages do by themselves, until it has come to its end. */
  readonly #turns: Set<Promise<void>> = new Set();
  #refusal: PipelineError | undefined;
  /** Until what arrived before is safe and has been delivered. */
  readonly #caughtUp = (): Promise<void> => this.#records.safe().then(() => this.outbox.caughtUp());

  constructor(options: SectionOptions) {
    const { path, engine, account, windowMs, outboxBytes } = options;
    const { clock, logger } = engine;
    this.#options = options;
    this.#arrivals = new Arrivals(windowMs, clock);
    this.#records = new Records(path, clock, logger, () => this.#rewrite());
    this.outbox = new Outbox({
      ...{ account, clock, logger, limitBytes: outboxBytes, admission: engine.admission },
      forget: (entry) => this.#records.forget(entry),
      ticket: (entry, targets) => this.#records.ticket(entry, targets),
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
    const begun = this.#records.begin(this.parts, this.#arrivals);
    this.#line.leave();
    this.outbox.pump();
    return begun;
  }

  /** The way in. */
  readonly consume: Consume<AnyBatch> = (batch, flow) => {
    const { entryAccount } = this.#options;
    const count = batch.count;
    const face = new Face(rootOf(flow), entryAccount, count);
    entryAccount.enter(count);
    return this.#line.isFree ? this.#enter(batch, face) : this.#line.wait(() => this.#enter(batch, face));
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
      if (of.failed) refuseAll([entry], account, this.#refusal ?? superseded());
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
      this.#line.take();
      return this.#through(run, new Root(undefined, account), ready);
    };
    const done = this.#line.isFree ? enter() : this.#line.wait(enter);
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
      refuseAll(pass.entries, this.#options.account, refusal);
    }
    this.#line.dissolve();
  }

  #enter(batch: AnyBatch, face: Face): Promise<void> {
    const { entryAccount } = this.#options;
    if (this.#refusal !== undefined) {
      entryAccount.fail(face, this.#refusal.code);
      return Promise.reject(this.#refusal);
    }
    this.#line.take();
    const removed = this.#arrivals.admit(batch);
    if (removed > 0) {
      face.drop(removed, 'duplicate');
      if (removed === face.size) {
        entryAccount.settle(face);
        this.#arrivals.undo();
        this.#line.leave();
        return this.#caughtUp();
      }
      batch.prune();
    }
    entryAccount.pass(face, batch.count);
    const flow = new Root(face.root, undefined, undefined, face.root);
    // What was dropped may be in the outbox, from the time that it was sent before.
    const done = this.#through((of) => this.inner(batch, of), flow, this.#caughtUp);
    return removed === 0 ? done : done.then(this.#caughtUp);
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
          this.#line.leave();
        }
        throw thrown;
      },
    );
  }

  /** Everything was dropped, or has gone into state. */
  #ended(pass: Pass, idle: () => Promise<void>): Promise<void> {
    if (pass.over) return pass.failed && this.#refusal !== undefined ? Promise.reject(this.#refusal) : ready();
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
      this.#line.leave();
      const error = new PipelineError('overloaded', `${this.path}: the outbox is full`, { retryAfterMs: 1000 });
      refuseAll(entries, this.#options.account, error);
      return undefined;
    }
    this.#finish(pass);
    let saved: Promise<void> | undefined;
    try {
      for (const entry of entries) this.outbox.append(entry);
      saved = this.#records.save(this.parts, this.#arrivals, entries, () => this.outbox.arrived());
    } finally {
      this.#line.leave();
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
      if (this.#refusal !== undefined) return refuseAll([entry], this.#options.account, this.#refusal);
      this.#line.take();
      void this.#commit(pass);
    };
    if (this.#line.isTaken) this.#line.wait(run).catch(() => {});
    else void run();
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

  /** Writes everything anew after a commit has failed; false while a batch is on its way through. */
  #rewrite(): boolean {
    if (this.#line.isTaken) return false;
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
