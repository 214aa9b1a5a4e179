import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const child = fileURLToPath(new URL('../../test/queue-child.mjs', import.meta.url));
const twoQueues = fileURLToPath(new URL('../../test/two-queues-child.mjs', import.meta.url));
const built = fileURLToPath(new URL('../../dist/queue/queue.js', import.meta.url));
const kills = Number(process.env.OTELIER_KILLS ?? 10);
const killsOfTwo = Number(process.env.OTELIER_KILLS ?? 4);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'otelier-queue-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const lines = (file: string) =>
  existsSync(join(folder, file)) ? readFileSync(join(folder, file), 'utf8').split('\n').filter(Boolean) : [];

test('each of two queues behind a stateful section takes what came out of it exactly once, however often the process is killed', async () => {
  for (let run = 0; run < killsOfTwo; run++) {
    const process = fork(twoQueues, [folder, `${run}`, 'load']);
    await once(process, 'message');
    // At least once the second queue takes some, and at least at the end it refuses some that the first has taken.
    const before = lines('refused').length;
    const enough = () => lines('acknowledged-by-both').length > 0 && lines('refused').length > before;
    while ((run === 0 || run === killsOfTwo - 1) && !enough()) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 120));
    process.kill('SIGKILL');
    await once(process, 'exit');
  }
  const last = fork(twoQueues, [folder, `${killsOfTwo}`, 'drain']);
  const messages: unknown[] = [];
  last.on('message', (message) => messages.push(message));
  expect(await once(last, 'exit')).toEqual([0, null]);
  // Most have been refused by the second queue, which is small, when the first had them.
  expect(messages[1]).toMatchObject({ kept: 0, lost: 0, clean: true, duplicates: expect.any(Number) });
  expect((messages[1] as { duplicates: number }).duplicates).toBeGreaterThan(0);
  const acknowledged = lines('acknowledged-by-both');
  expect(acknowledged.length).toBeGreaterThan(0);
  for (const backend of ['first', 'second']) {
    const got = lines(`delivered-to-${backend}`);
    expect(got.length).toBeGreaterThan(acknowledged.length);
    expect(new Set(got).size).toBe(got.length);
    expect(acknowledged.filter((name) => !got.includes(name))).toEqual([]);
  }
}, 600_000);

test('what was acknowledged is delivered, in order, however often the process is killed', async () => {
  expect(existsSync(built)).toBe(true);
  for (let run = 0; run < kills; run++) {
    const process = fork(child, [folder, `${run}`, 'load']);
    await once(process, 'message');
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 150));
    process.kill('SIGKILL');
    await once(process, 'exit');
  }
  const last = fork(child, [folder, `${kills}`, 'drain']);
  const messages: unknown[] = [];
  last.on('message', (message) => messages.push(message));
  const [code] = (await once(last, 'exit')) as [number];
  expect(code).toBe(0);
  expect(messages[1]).toMatchObject({ kept: 0, lost: 0, clean: true });

  const [acknowledged, delivered] = [lines('acknowledged'), lines('delivered')];
  const firsts = new Set(delivered);
  expect(acknowledged.length).toBeGreaterThan(kills);
  expect(acknowledged.filter((name) => !firsts.has(name))).toEqual([]);
  for (const resource of ['a', 'b', 'c', 'd']) {
    const own = [...firsts].filter((name) => name.startsWith(resource));
    expect(own).toEqual([...own].sort());
  }
  expect(lines('errors')).toEqual([]);
  if (process.env.OTELIER_KILLS !== undefined) {
    console.log({
      kills,
      acknowledged: acknowledged.length,
      delivered: firsts.size,
      twice: delivered.length - firsts.size,
    });
  }
}, 600_000);
