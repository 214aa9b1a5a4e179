import type { Flow, Host, Processor, Stage, StateEntries, Stateful, StateWriter } from '@otelier/core';
import { MetricsBatch } from '@otelier/otlp';

/** A store in memory, in the order of its keys' bytes. */
export class Disk implements StateWriter {
  private readonly entries = new Map<string, Buffer>();

  put(key: Uint8Array, value: Uint8Array): void {
    this.entries.set(Buffer.from(key).toString('hex'), Buffer.from(value));
  }

  delete(key: Uint8Array): void {
    this.entries.delete(Buffer.from(key).toString('hex'));
  }

  get size(): number {
    return this.entries.size;
  }

  read(): StateEntries {
    return [...this.entries]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => [Buffer.from(key, 'hex'), value] as const);
  }
}

const nothing = { add() {}, record() {}, addCallback() {}, removeCallback() {} };

/** What the engine does with one stateful stage: a batch at a time, then `save` or `undo`. */
export class Section {
  readonly disk: Disk = new Disk();
  readonly dropped: Record<string, number> = {};
  readonly noted: Record<string, number> = {};
  refused = 0;
  now: number;
  readonly state: Stateful;
  /** Reads the observable instruments, by metric name. */
  observe: () => Record<string, Record<string, number>> = () => ({});
  private readonly stage: Stage<MetricsBatch>;
  private readonly processor: Processor<'metrics'>;
  private out: Buffer[] = [];

  constructor(processor: Processor<'metrics'>, now: number, kept: StateEntries = []) {
    this.processor = processor;
    this.now = now;
    const count = (into: Record<string, number>) => (n: number, reason: string) => {
      into[reason] = (into[reason] ?? 0) + n;
    };
    const named = (name: string) => ({ ...nothing, name });
    const host = {
      id: 'metrics/test/converter',
      clock: { now: () => this.now, after: () => () => {} },
      note: count(this.noted),
      meter: {
        createObservableUpDownCounter: named,
        addBatchObservableCallback: (callback: (result: object) => void) => {
          this.observe = () => {
            const read: Record<string, Record<string, number>> = {};
            callback({
              observe: (of: { name: string }, value: number, { metric }: { metric: string }) => {
                read[metric] = { ...read[metric], [of.name]: value };
              },
            });
            return read;
          };
        },
        removeBatchObservableCallback() {},
      },
    } as unknown as Host;
    const next = async (batch: MetricsBatch) => {
      this.out.push(Buffer.from(batch.bytes()));
    };
    this.stage = processor.metrics(next, host);
    this.state = this.stage.state!;
    this.state.restore(kept);
  }

  /** Passes a batch; what came out of it. */
  async pass(bytes: Uint8Array): Promise<MetricsBatch[]> {
    this.out = [];
    const flow = {
      refuse: (n: number) => {
        this.refused += n;
      },
      drop: (n: number, reason: string) => {
        this.dropped[reason] = (this.dropped[reason] ?? 0) + n;
      },
      add() {},
    } as unknown as Flow;
    await this.stage.consume(MetricsBatch.parse(Buffer.from(bytes)), flow);
    return this.out.map((each) => new MetricsBatch(each));
  }

  save(): void {
    this.state.save(this.disk);
  }

  /** The same component after a crash: from what was saved. */
  restart(): Section {
    return this.like(this.disk.read(), this.disk.read());
  }

  /** The same component after a reload: from a snapshot. */
  reload(): Section {
    const snapshot = new Disk();
    this.state.snapshot(snapshot);
    return this.like(snapshot.read(), snapshot.read());
  }

  private like(kept: StateEntries, disk: StateEntries): Section {
    const next = new Section(this.processor, this.now, kept);
    for (const [key, value] of disk) next.disk.put(key, value);
    return next;
  }
}
