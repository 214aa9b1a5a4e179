import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transformWithOxc } from 'vite';

// Node runs our TypeScript sources as they are, with the aliases of vitest.config.ts: native modules have V8's block coverage and
// the speed of production, and `export let` keeps its meaning, which jiti's CommonJS does not keep.

const packages = new URL('../../../packages/', import.meta.url);

const aliases = [
  [/^otelier$/, 'otelier/src/index.ts'],
  [/^@otelier\/([a-z]+)$/, '$1/src/index.ts'],
  [/^@otelier\/([a-z]+)\/([a-z-]+)$/, '$1/src/$2/$2.ts'],
];

export async function resolve(specifier, context, next) {
  for (const [name, path] of aliases) {
    if (name.test(specifier)) return { url: new URL(specifier.replace(name, path), packages).href, shortCircuit: true };
  }
  if (specifier.startsWith('.') && specifier.endsWith('.js') && context.parentURL?.endsWith('.ts')) {
    const source = new URL(specifier.replace(/js$/, 'ts'), context.parentURL);
    if (existsSync(source)) return { url: source.href, shortCircuit: true };
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const path = fileURLToPath(url);
  const { code } = await transformWithOxc(await readFile(path, 'utf8'), path, { sourcemap: false });
  return { format: 'module', source: code, shortCircuit: true };
}
