import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const sources = fileURLToPath(new URL('..', import.meta.url));

// Each takes longer to load than Node takes to start; a command that prints a graph needs none of them.
const heavy = ['rxjs', 'pino', '@opentelemetry/api', 'lmdb'];
// Loaded by import() when a data directory is opened.
const lazy = ['store/lmdb-store.ts'];

test('loading the package loads no heavy module: they come with their first use', () => {
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter(
    (file) =>
      file.endsWith('.ts') && !/\.test(-d)?\.ts$/.test(file) && !file.startsWith('fakes') && !lazy.includes(file),
  );
  expect(files.length).toBeGreaterThan(30);
  for (const file of files) {
    const text = readFileSync(`${sources}/${file}`, 'utf8');
    const imported = [...text.matchAll(/^import (?!type\b).*? from '([^']+)'/gms)].map(([, name]) => name);
    expect({ file, heavy: heavy.filter((name) => imported.includes(name)) }).toEqual({ file, heavy: [] });
  }
});
