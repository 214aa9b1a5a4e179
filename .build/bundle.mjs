// Puts the modules of the package in the current folder together: a file per way in, and what they share in as few files as can be.
// Node takes about half a millisecond to find, open and link a module; with hundreds of them that was most of the time until `otelier run` is ready.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { rolldown } from 'rolldown';

const { exports, bin } = JSON.parse(readFileSync('package.json', 'utf8'));
const input = { index: 'dist/index.js' };
if (exports['./*'] !== undefined)
  for (const name of readdirSync('src'))
    if (existsSync(`src/${name}/${name}.ts`)) input[name] = `dist/${name}/${name}.js`;
if (bin !== undefined) input.cli = 'dist/cli/main.js';

// Dependencies, the other packages among them, stay what they are: there must be one of each.
const bundle = await rolldown({ input, platform: 'node', external: /^[^./]/ });
await bundle.write({
  // As deep as the modules are that it is made of, so that what they look up beside them is found from here as well.
  dir: 'dist/module',
  cleanDir: true,
  format: 'esm',
  sourcemap: true,
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
});
