import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Admission, createCollector, exporter, stage } from '@otelier/core';
import { claudeCode, memoryReceiver } from '@otelier/testing';
import { afterEach, expect, test } from 'vitest';
import { queue } from './queue.js';

const folder = mkdtempSync(join(tmpdir(), 'otelier-queue-budget-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A queue in front of a backend that answers when it is told to. */
async function queued(options: { readonly inFlight: `${number}B`; readonly dataDir?: string }) {
  const { inFlight, ...given } = options;
  let admission: Admission | undefined;
  const look = stage('look', {
    logs: (next, host) => {
      admission = host.admission;
      return { consume: next };
    },
  });
  let answer = (): void => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const backend = exporter('backend', { logs: () => answered });
  const receiver = memoryReceiver();
  const pipeline = { receivers: [receiver], processors: [look], exporters: [queue(backend)] };
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const collector = createCollector(
    { limits: { inFlight, drain: '100ms' }, logs: { some: pipeline } },
    { logger, ...given },
  );
  await collector.start();
  return { collector, receiver, answer, admission: admission as Admission };
}

const event = () => claudeCode.userPrompt({ prompt: 'a' });
const { size } = event();

test('what a queue holds in memory counts against limits.inFlight until it is delivered', async () => {
  const { collector, receiver, answer, admission } = await queued({ inFlight: `${size * 3}B` });
  for (let i = 1; i <= 3; i++) {
    await receiver.send(event());
    expect(admission.inFlightBytes).toBe(size * i);
  }
  await expect(receiver.send(event())).rejects.toMatchObject({ code: 'overloaded' });
  answer();
  await expect.poll(() => admission.inFlightBytes).toBe(0);
  await receiver.send(event());
  expect((await collector.shutdown()).clean).toBe(true);
});

test('what a closed queue loses counts no more', async () => {
  const { collector, receiver, admission } = await queued({ inFlight: `${size * 3}B` });
  await receiver.send(event());
  expect((await collector.shutdown()).clean).toBe(false);
  expect(admission.inFlightBytes).toBe(0);
});

test('what is on disk does not count', async () => {
  const { collector, receiver, admission } = await queued({ inFlight: `${size * 3}B`, dataDir: folder });
  for (let i = 0; i < 10; i++) await receiver.send(event());
  expect(admission.inFlightBytes).toBe(0);
  await collector.shutdown();
});
