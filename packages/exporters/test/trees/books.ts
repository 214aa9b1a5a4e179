import { anywhere, inside, type Shape } from './shapes.js';

/** What a backend of a tree has done, over all runs. */
export interface LeafBook {
  readonly stored: string[];
  /** What it has refused in a way that nobody above can do anything about. */
  readonly final: Set<string>;
  /** What it has left out of a request that it took. */
  readonly leftOut: Set<string>;
  /** Answers that it has still to give. */
  readonly answers: Extract<Shape, { kind: 'leaf' }>['answers'][number][];
}

/** What a queue of a tree has done, over all runs. */
export interface QueueBook {
  /** What it has said yes to, as often as it has. */
  readonly accepted: string[];
  /** Ids of its accounts. */
  readonly ids: Set<string>;
  /** What its accounts say that it has dropped, of runs that are over. */
  readonly dropped: Map<string, number>;
}

/** The books of everything in a tree. */
export class Books {
  readonly leaves: Map<Shape, LeafBook> = new Map();
  readonly queues: Map<Shape, QueueBook> = new Map();

  /** Dead letters, by what they are for. */
  readonly #letters: Map<Shape, Shape> = new Map();

  constructor(shape: Shape) {
    this.#open(shape);
  }

  #open(shape: Shape): void {
    if (shape.kind === 'leaf')
      this.leaves.set(shape, { stored: [], final: new Set(), leftOut: new Set(), answers: [...shape.answers] });
    if (shape.kind === 'queue') this.queues.set(shape, { accepted: [], ids: new Set(), dropped: new Map() });
    if (shape.kind === 'retry' && shape.letter !== undefined) this.#letters.set(shape.of, shape.letter);
    for (const one of inside(shape)) this.#open(one);
  }

  /** What backends have that count for a sender: copies do not. */
  stored(shape: Shape): string[] {
    if (shape.kind === 'leaf') return [...this.leaves.get(shape)!.stored];
    return counting(shape).flatMap((one) => this.stored(one));
  }

  /** What may be missing from this tree although a queue around it has said yes: it was refused for good, also by the dead letter. */
  excused(shape: Shape): Set<string> {
    if (shape.kind === 'leaf') return this.refused(shape);
    if (shape.kind === 'retry' && shape.letter !== undefined) {
      const letter = this.excused(shape.letter);
      const final = [...this.#upToQueues(shape.of, ({ final }) => final)].filter((name) => letter.has(name));
      const leftOut = this.#upToQueues(shape.of, (leaf) => leaf.leftOut);
      return union([new Set(final), leftOut, this.excusedByQueues(shape)]);
    }
    return union(counting(shape).map((one) => this.excused(one)));
  }

  /** Everything that was refused for good up to the next queue. */
  refused(shape: Shape): Set<string> {
    return this.#upToQueues(shape, ({ final, leftOut }) => union([final, leftOut]));
  }

  #upToQueues(shape: Shape, what: (leaf: LeafBook) => Set<string>): Set<string> {
    if (shape.kind === 'leaf') return what(this.leaves.get(shape)!);
    if (shape.kind === 'queue') return new Set();
    return union(counting(shape).map((one) => this.#upToQueues(one, what)));
  }

  /** What is in dead letters and was not refused for good by what they belong to. */
  putAwayForNothing(): string[] {
    return [...this.#letters].flatMap(([of, letter]) => {
      const final = this.#upToQueues(of, (leaf) => leaf.final);
      return this.stored(letter).filter((name) => !final.has(name));
    });
  }

  /** What may be missing although the sender was told nothing: queues inside have answered for it. */
  excusedByQueues(shape: Shape): Set<string> {
    if (shape.kind === 'queue') return this.excused(shape);
    return union(counting(shape).map((one) => this.excusedByQueues(one)));
  }

  /** How much the queues from here on have dropped, for these reasons or any. */
  dropped(shape: Shape, reasons?: readonly string[]): number {
    let sum = 0;
    for (const [queue, { dropped }] of this.queues) {
      if (!anywhere(shape, (one) => one === queue)) continue;
      for (const [reason, count] of dropped) if (reasons?.includes(reason) ?? true) sum += count;
    }
    return sum;
  }
}

/** The exporters inside that a sender relies on. */
function counting(shape: Shape): readonly Shape[] {
  return shape.kind === 'mirror' ? [shape.of] : inside(shape);
}

function union<T>(sets: readonly ReadonlySet<T>[]): Set<T> {
  return new Set(sets.flatMap((one) => [...one]));
}
