import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Outcome, ProcessCase } from '../measure/case.js';
import type { Measured } from './converter.js';

const child = fileURLToPath(new URL('./converter.js', import.meta.url));
const FLAT = 1.2;

/** What a point costs with few live series and with many: sessions of 104 series each export in no particular order. */
export const statefulSeries: ProcessCase = {
  name: 'stateful series',
  async measure({ quick, progress }) {
    const rows: Record<string, string | number>[] = [];
    const targets: Outcome[] = [];
    const sizes = quick ? [1_000, 10_000] : [1_000, 10_000, 100_000, 1_000_000];
    for (const converter of ['cumulativeToDelta', 'deltaToCumulative']) {
      const costs: number[] = [];
      for (const size of sizes) {
        progress(`${converter}, ${size} series`);
        const { nsPerPoint, nsPerPointSpread, bytesPerSeries } = await measure(converter, size, quick ? 200 : 1500);
        costs.push(nsPerPoint);
        rows.push({
          converter,
          series: size,
          'ns/point': Math.round(nsPerPoint),
          'points/s per core': Math.round(1e9 / nsPerPoint),
          'ns/point, each of another session': Math.round(nsPerPointSpread),
          'bytes/series': Math.round(bytesPerSeries),
        });
      }
      const measured = Math.max(...costs) / (costs[0] as number);
      const name = `${converter}: cost per point, most of ${sizes.length} sizes against 1,000 series`;
      targets.push({ name, measured, target: FLAT, atMost: true, met: measured <= FLAT });
    }
    return { rows, targets };
  },
};

async function measure(converter: string, size: number, forMs: number): Promise<Measured> {
  const running = fork(child, [converter, `${size}`, `${forMs}`], {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [measured] = await once(running, 'message');
  return measured as Measured;
}
