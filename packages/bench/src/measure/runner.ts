// One variant in a process of its own, so that each has its own heap and inline caches. Speaks over the fork's channel.
import { createHash } from 'node:crypto';
import { microCases } from '../cases/index.js';

const [caseName, payload, variantName] = process.argv.slice(2) as [string, string, string];
const variant = microCases.find((each) => each.name === caseName)?.variants[variantName];
if (variant === undefined) throw new Error(`no variant ${variantName} in case ${caseName}`);
const work = await variant.prepare(payload);

const awaited = async (): Promise<void> => {
  const made = work.run();
  if (made instanceof Promise) await made;
};
const first = work.run();
const asynchronous = first instanceof Promise;
// What an asynchronous variant has to show is only there once it is done.
await first;

/** Operations between two looks at the clock: a look takes as long as a fortieth of the shortest operations. */
let burst = 1;
const leastBetweenLooksMs = 0.05;

/** Runs for `slotMs` of wall time and tells operations and CPU time, garbage collection and JIT threads included. */
async function slot(slotMs: number): Promise<{ ops: number; cpuUs: number }> {
  const cpu = process.cpuUsage();
  let now = performance.now();
  const end = now + slotMs;
  let ops = 0;
  do {
    for (let i = 0; i < burst; i++) {
      if (asynchronous) await awaited();
      else work.run();
    }
    ops += burst;
    const before = now;
    now = performance.now();
    if (now - before < leastBetweenLooksMs) burst *= 2;
  } while (now < end);
  const { user, system } = process.cpuUsage(cpu);
  return { ops, cpuUs: user + system };
}

function digest(): string | undefined {
  if (work.outcome === undefined) return undefined;
  const plain = JSON.stringify(work.outcome(), (_, value) => (typeof value === 'bigint' ? String(value) : value));
  return createHash('sha256').update(plain).digest('hex');
}

process.on('message', async (message: { slotMs: number } | 'end') => {
  if (message === 'end') process.exit(0);
  process.send?.(await slot(message.slotMs));
});
process.send?.({ digest: digest() });
