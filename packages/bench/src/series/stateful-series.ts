import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Outcome, ProcessCase } from '../measure/case.js';
import type { Full, Slot } from './converter.js';

const child = fileURLToPath(new URL('./converter.js', import.meta.url));
const FLAT = 1.2;

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] as number;

/** What a point costs with few live series and with many: sessions of 104 series each export in no particular order. */
export const statefulSeries: ProcessCase = {
  name: 'stateful series',
  async measure({ quick, progress }) {
    const rows: Record<string, string | number>[] = [];
    const targets: Outcome[] = [];
    const sizes = quick ? [1_000, 10_000] : [1_000, 10_000, 100_000, 1_000_000];
    for (const converter of ['cumulativeToDelta', 'deltaToCumulative']) {
      progress(converter);
      const children = sizes.map((size) => fork(child, [converter, `${size}`], { execArgv: ['--expose-gc'] }));
      try {
        const full = await Promise.all(children.map((each) => answer<Full>(each)));
        const ordered = await inTurns(children, quick, false);
        const scattered = await inTurns(children, quick, true);
        sizes.forEach((size, i) => {
          const nsPerPoint = Math.min(...(ordered[i] as number[]));
          rows.push({
            converter,
            series: size,
            'ns/point': Math.round(nsPerPoint),
            'points/s per core': Math.round(1e9 / nsPerPoint),
            'ns/point, each of another session': Math.round(Math.min(...(scattered[i] as number[]))),
            'bytes/series': Math.round((full[i] as Full).bytesPerSeries),
          });
          if (i === 0) return;
          const measured = median(ordered[i]!.map((ns, round) => ns / (ordered[0]![round] as number)));
          const name = `${converter}: cost per point with ${size} series by that with 1000`;
          targets.push({ name, measured, target: FLAT, atMost: true, met: measured <= FLAT });
        });
      } finally {
        for (const each of children) each.kill();
      }
    }
    return { rows, targets };
  },
};

/** Slots of all sizes in turns, so that what else the machine does hits them alike; the first of each warms it up. */
async function inTurns(children: readonly ChildProcess[], quick: boolean, scattered: boolean): Promise<number[][]> {
  const slots = children.map((): number[] => []);
  for (let round = -1; round < (quick ? 2 : 9); round++) {
    for (const [i, each] of children.entries()) {
      each.send({ ms: quick ? 50 : round < 0 ? 500 : 120, scattered });
      const { nsPerPoint } = await answer<Slot>(each);
      if (round >= 0) slots[i]?.push(nsPerPoint);
    }
  }
  return slots;
}

async function answer<T>(from: ChildProcess): Promise<T> {
  const gone = new AbortController();
  const exit = (code: number | null) => gone.abort(new Error(`a benchmark process ended with ${code}`));
  from.once('exit', exit);
  try {
    const [message] = await once(from, 'message', { signal: gone.signal });
    return message as T;
  } catch (error) {
    throw gone.signal.aborted ? gone.signal.reason : error;
  } finally {
    from.off('exit', exit);
  }
}
