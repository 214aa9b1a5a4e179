import { describe, expect, test } from 'vitest';
import { Campaign } from './campaign.js';
import { runTask } from './crew.js';
import { liveRuns } from './live/live.js';
import { mutateBytes } from './mutate.js';
import { plan } from './plan.js';
import type { Target } from './target.js';
import { targets } from './targets/targets.js';

// A taste; `npm run test:fuzz -- --runs 10000000 --live 100000` has millions.
const seed = Date.now() % 1_000_000;

describe('mutated requests are taken or refused as they should be', () => {
  test.each([...targets])('%s', async (_name, make) => {
    const { findings, taken, refused } = await new Campaign(make(), { runs: 600, seed, guided: 0, deepEvery: 8 }).run();
    expect({ seed, findings }).toEqual({ seed, findings: [] });
    expect(taken).toBeGreaterThan(10);
    expect(refused).toBeGreaterThan(10);
  });

  test('also in a process that looks for code which never ran', async () => {
    const task = { target: 'json logs', runs: 2000, seed, guided: 1, deepEvery: 32 };
    const { failure, result } = await runTask(task, () => {});
    expect({ seed, failure, findings: result?.findings }).toEqual({ seed, failure: '', findings: [] });
    expect(result?.functions).toBeGreaterThan(20);
  }, 60_000);

  test('on live sockets, and honest senders are served meanwhile', async () => {
    const results = await liveRuns(320, seed, () => {});
    expect({ seed, bugs: results.flatMap(({ findings }) => findings) }).toEqual({ seed, bugs: [] });
    expect(results.map(({ answered }) => answered > 0)).toEqual([true, true, true]);
  }, 60_000);
});

describe('the fuzzer', () => {
  test('finds a planted bug, and tells the input', async () => {
    const target: Target = {
      name: 'planted',
      share: 1,
      seeds: () => [Buffer.from('AAAA')],
      mutate: mutateBytes,
      run(input) {
        if (input[2] === 0xff) throw new Error('planted');
        return 'taken';
      },
    };
    const { findings } = await new Campaign(target, { runs: 5000, seed, guided: 0, deepEvery: 1 }).run();
    expect(findings.length).toBeGreaterThan(0);
    for (const { input, what } of findings)
      expect([input[2], what]).toEqual([0xff, expect.stringContaining('planted')]);
  });

  test('does the same again for the same seed', async () => {
    const run = async () => {
      const make = targets.get('protobuf logs')!;
      const { taken, refused } = await new Campaign(make(), { runs: 500, seed: 11, guided: 0, deepEvery: 50 }).run();
      return { taken, refused };
    };
    expect(await run()).toEqual(await run());
  });

  test('says of a process that dies what it said last', async () => {
    const task = { target: 'nothing of that name', runs: 1, seed, guided: 0, deepEvery: 1 };
    const { failure, result } = await runTask(task, () => {});
    expect(result).toBeUndefined();
    expect(failure).toContain('no target is called nothing of that name');
  });

  test('cuts a campaign into tasks that have at least as many inputs as were asked for', () => {
    const tasks = plan(10_000_000, 1);
    expect(tasks.reduce((sum, { runs }) => sum + runs, 0)).toBeGreaterThanOrEqual(10_000_000);
    expect(new Set(tasks.map((task) => task.target))).toEqual(new Set(targets.keys()));
    expect(new Set(tasks.map((task) => task.seed)).size).toBe(tasks.length);
  });
});
