import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import pino from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { ConfigError } from '../options.js';
import { revealed, type Secret, secret } from './secret.js';

const value = 'sk-very-secret-value';
const dir = mkdtempSync(join(tmpdir(), 'otelier-secret-'));
const path = join(dir, 'token');

afterEach(() => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

function everyWayToShow(made: Secret): string {
  const lines: string[] = [];
  pino({}, { write: (line: string) => void lines.push(line) }).info({ made, deep: { made } }, String(made));
  return [String(made), `${made}`, JSON.stringify({ made }), inspect({ made }, { showHidden: true }), ...lines].join(
    '\n',
  );
}

test('a variable, a file and a text with secrets in it have their values, and are never shown with them', () => {
  vi.stubEnv('OTELIER_TEST_TOKEN', value);
  writeFileSync(path, `${value}\n`);
  const made = [secret.env('OTELIER_TEST_TOKEN'), secret.file(path), secret`Bearer ${secret.file(path)}`];
  expect(made.map(revealed)).toEqual([value, value, `Bearer ${value}`]);
  for (const each of made) expect(everyWayToShow(each)).not.toContain(value);
  expect(made.map(String)).toEqual([
    "secret.env('OTELIER_TEST_TOKEN')",
    `secret.file('${path}')`,
    `secret\`secret.file('${path}')\``,
  ]);
});

test('the text around a secret, which may be a part of it, is not shown either', () => {
  const made = secret`user:${'half'}-other-half`;
  expect(made.reveal()).toBe('user:half-other-half');
  expect(everyWayToShow(made)).not.toMatch(/half|user/);
});

test('a file that changes counts within a second, and one that is gone opens no door any more', () => {
  vi.useFakeTimers();
  writeFileSync(path, 'first');
  const made = secret.file(path);
  expect(made.reveal()).toBe('first');
  writeFileSync(path, 'other');
  utimesSync(path, 1, 1);
  vi.advanceTimersByTime(1001);
  expect(made.reveal()).toBe('other');
  rmSync(path);
  vi.advanceTimersByTime(1001);
  expect(() => made.reveal()).toThrow(ConfigError);
  writeFileSync(path, 'again');
  expect(made.reveal()).toBe('again');
});

test('what has no value is named', () => {
  vi.stubEnv('OTELIER_TEST_TOKEN', '');
  expect(() => secret.env('OTELIER_TEST_TOKEN').reveal()).toThrow("secret.env('OTELIER_TEST_TOKEN'): expected a value");
  writeFileSync(path, '\n');
  expect(() => secret.file(path).reveal()).toThrow(`secret.file('${path}'): expected a file that is not empty`);
});
