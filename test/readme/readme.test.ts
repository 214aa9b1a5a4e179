import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const scratch = join(root, 'test/readme/.snippets');
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test('every complete snippet of README.md compiles against the built packages', () => {
  const blocks = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map(
    (match) => match[1] as string,
  );
  expect(blocks.length).toBeGreaterThan(3);
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  for (const [i, block] of blocks.entries()) writeFileSync(join(scratch, `snippet-${i + 1}.ts`), block);
  const compilerOptions = {
    composite: false,
    declaration: false,
    declarationMap: false,
    isolatedDeclarations: false,
    noEmit: true,
  };
  writeFileSync(
    join(scratch, 'tsconfig.json'),
    JSON.stringify({ extends: '../../../tsconfig.base.json', compilerOptions, include: ['*.ts'] }),
  );
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  let output = '';
  try {
    execFileSync(process.execPath, [tsc, '-p', scratch], { encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    output = (error as { stdout: string }).stdout;
  }
  expect(output).toBe('');
});

test('every link between documents leads somewhere', () => {
  const documents = [
    'README.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}/README.md`),
  ];
  const dead: string[] = [];
  for (const document of documents) {
    const folder = join(root, document, '..');
    let text = '';
    try {
      text = readFileSync(join(root, document), 'utf8');
    } catch {
      dead.push(`${document} is missing`);
    }
    for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
      try {
        readdirSync(join(folder, target as string));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOTDIR') dead.push(`${document}: ${target}`);
      }
    }
  }
  expect(dead).toEqual([]);
});
