import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const sources = fileURLToPath(new URL('.', import.meta.url));
const heavy = ['rxjs', '@grpc/grpc-js', 'jose', '@opentelemetry/api'];

test('loading the package loads no heavy module: they come when a receiver that needs them starts', () => {
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
  );
  expect(files.length).toBeGreaterThan(20);
  for (const file of files) {
    const text = readFileSync(`${sources}/${file}`, 'utf8');
    const imported = [...text.matchAll(/^import (?!type\b).*? from '([^']+)'/gms)].map(([, name]) => name);
    expect({ file, heavy: heavy.filter((name) => imported.includes(name)) }).toEqual({ file, heavy: [] });
  }
});
