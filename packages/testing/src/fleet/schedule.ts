import type { Random } from './random.js';

/** Something that a process does and counts. */
export interface Work {
  readonly at: number;
  readonly kind: 'model' | 'subagent' | 'edit' | 'type';
}

/** The life of one process. */
export interface ProcessPlan {
  /** `print` is a `claude -p` run: one turn, and its only export when it ends. */
  readonly kind: 'fresh' | 'resumed' | 'print';
  readonly model: string;
  readonly startAt: number;
  readonly endAt: number;
  /** Ends without its last export. */
  readonly crashes: boolean;
  /** In order of time. */
  readonly work: readonly Work[];
}

const second = 1_000;
const minute = 60 * second;

/** Draws the processes of one session: mostly one, sometimes resumed later, once in a while while the first still runs elsewhere. */
export function planProcesses(source: Random, dayAt: number, duration: number): ProcessPlan[] {
  const dayEnd = dayAt + duration;
  const begin = dayAt + source.between(0, Math.floor(duration * 0.8));
  if (source.chance(0.25)) return [print(source, begin, dayEnd)];
  const plans: ProcessPlan[] = [];
  let startAt = begin;
  do {
    plans.push(interactive(source, startAt, dayEnd, plans.length > 0));
    startAt = plans.at(-1)!.endAt + source.between(second, 30 * minute);
  } while (startAt < dayEnd - minute && source.chance(0.35));
  return plans;
}

function print(source: Random, startAt: number, dayEnd: number): ProcessPlan {
  const work: Work[] = [];
  let at = startAt;
  // Short enough that its timer never fires: each series is sent once.
  for (let call = source.between(1, 4); call > 0; call--)
    work.push({ at: (at += source.between(200, 1_500)), kind: 'model' });
  const endAt = Math.min(at + source.between(5, 500), dayEnd);
  return { kind: 'print', model: pickModel(source), startAt, endAt, crashes: false, work };
}

function interactive(source: Random, startAt: number, dayEnd: number, resumed: boolean): ProcessPlan {
  const work: Work[] = [];
  let at = startAt;
  for (let turn = source.between(1, 8); turn > 0; turn--) {
    work.push({ at: (at += source.between(second, 40 * second)), kind: 'type' });
    const subagent = source.chance(0.2);
    for (let call = source.between(1, 6); call > 0; call--) {
      work.push({ at: (at += source.between(500, 12 * second)), kind: subagent && call > 1 ? 'subagent' : 'model' });
      if (source.chance(0.4)) work.push({ at: (at += source.between(100, 5 * second)), kind: 'edit' });
    }
    if (source.chance(0.25)) at += source.between(minute, 25 * minute);
  }
  const endAt = Math.min(at + source.between(10, 3 * minute), dayEnd);
  const done = work.filter((each) => each.at < endAt);
  const kind = resumed ? 'resumed' : 'fresh';
  return { kind, model: pickModel(source), startAt, endAt, crashes: source.chance(0.1), work: done };
}

function pickModel(source: Random): string {
  return source.pick(['claude-opus-5-5', 'claude-opus-5-5', 'claude-sonnet-5']);
}
