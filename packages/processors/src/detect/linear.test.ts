import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { pattern } from './detect.js';

const folder = fileURLToPath(new URL('../../test/detect/', import.meta.url));
const core = fileURLToPath(new URL('../../../core/src/index.ts', import.meta.url));
const otlp = fileURLToPath(new URL('../../../otlp/src/index.ts', import.meta.url));
const jiti = join(dirname(createRequire(import.meta.url).resolve('jiti/package.json')), 'lib/jiti-cli.mjs');

// About fifteen seconds of work. A quadratic rule would take that many minutes on a single one of the texts.
const cap = 300_000;

test('every detector, and every pattern of a user, comes to an end on texts that are made against it', {
  timeout: cap + 10_000,
}, () => {
  const said = execFileSync(process.execPath, [jiti, join(folder, 'linear-child.ts')], {
    env: { ...process.env, JITI_ALIAS: JSON.stringify({ '@otelier/core': core, '@otelier/otlp': otlp }) },
    timeout: cap,
    killSignal: 'SIGKILL',
    encoding: 'utf8',
  });
  expect(said.trim()).toMatch(/^\d+ texts$/);
});

test('a pattern that matches all over stays linear: after a thousand matches the rest is one', () => {
  const found: [number, number][] = [];
  pattern('mine', 'a').find('a '.repeat(5000), (from, to) => found.push([from, to]));
  expect(found).toHaveLength(1001);
  expect(found.at(-1)).toEqual([2000, 10_000]);
});
