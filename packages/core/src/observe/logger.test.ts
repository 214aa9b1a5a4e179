import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { logs, logsCollector, ManualClock, memory } from '../fakes/ends.js';
import { createLogger, type Logger, PipelineError } from '../index.js';
import { componentLogger } from './logger.js';

function lines() {
  const written: { level: string; fields: object; message: string }[] = [];
  const write = (level: string) => (fields: object, message: string) => void written.push({ level, fields, message });
  const logger: Logger = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  return { written, logger };
}

test('createLogger asks for its level at every line, so that a reload can change it', () => {
  const written: string[] = [];
  let level: 'warn' | 'debug' = 'warn';
  const logger = createLogger({ level: () => level, destination: { write: (line) => void written.push(line) } });
  logger.debug({}, 'left out');
  level = 'debug';
  logger.debug({}, 'written');
  expect(written.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['written']);
});

test('createLogger writes one JSON line per call, from its level up', () => {
  const written: string[] = [];
  const logger = createLogger({ level: 'warn', destination: { write: (line) => void written.push(line) } });
  logger.info({ a: 1 }, 'not this');
  logger.warn({ a: 1 }, 'this');
  expect(written.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ name: 'otelier', level: 40, a: 1, msg: 'this' }),
  ]);
});

test('a repeated warning of a component is written once in ten seconds, with the number left out', () => {
  const [{ written, logger }, clock] = [lines(), new ManualClock()];
  const component = componentLogger(logger, 'logs/events/end', clock);
  for (let i = 0; i < 5; i++) component.warn({ i }, 'backend is away');
  component.warn({}, 'another');
  clock.advance(10_000);
  component.warn({ i: 5 }, 'backend is away');
  expect(written).toEqual([
    { level: 'warn', fields: { component: 'logs/events/end', i: 0 }, message: 'backend is away' },
    { level: 'warn', fields: { component: 'logs/events/end' }, message: 'another' },
    { level: 'warn', fields: { component: 'logs/events/end', suppressed: 4, i: 5 }, message: 'backend is away' },
  ]);
});

test('refusals are logged with component, count and reason, not more often than that', async () => {
  const [{ written, logger }, clock] = [lines(), new ManualClock()];
  const end = memory(async () => Promise.reject(new PipelineError('rejected', 'no')));
  const collector = logsCollector([], [end.exporter], { logger, clock });
  await collector.start();
  const input = collector.input('logs');
  for (let i = 0; i < 3; i++) await input(logs(2), collector.flow()).catch(() => {});
  clock.advance(10_000);
  await input(logs(2), collector.flow()).catch(() => {});
  const line = (count: number) => ({
    level: 'warn',
    fields: { component: 'logs/events/memory', count, reason: 'rejected' },
    message: 'refused: rejected',
  });
  expect(written.filter(({ level }) => level === 'warn')).toEqual([line(2), line(6)]);
  await collector.shutdown();
});

test('without a descriptor left, with which pino cannot be loaded, a line is written all the same', () => {
  const core = new URL('../../dist/module/index.js', import.meta.url).href;
  const script = `
    import { openSync } from 'node:fs';
    import { createLogger } from '${core}';
    const logger = createLogger();
    const open = [];
    try { for (;;) open.push(openSync('/dev/null')); } catch {}
    logger.error({ items: 3, at: 7n, err: new TypeError('no more') }, 'queued data was dropped');
    console.log('alive');
  `;
  const node = `exec "${process.execPath}" --input-type=module -e "$SCRIPT"`;
  const { stdout, stderr, status } = spawnSync('sh', ['-c', `ulimit -n 64; ${node}`], {
    env: { ...process.env, SCRIPT: script },
    encoding: 'utf8',
  });
  expect([status, stdout]).toEqual([0, 'alive\n']);
  const line = { level: 50, name: 'otelier', items: 3, at: '7', msg: 'queued data was dropped' };
  expect(JSON.parse(stderr)).toMatchObject({ ...line, err: { type: 'TypeError', message: 'no more' } });
});
