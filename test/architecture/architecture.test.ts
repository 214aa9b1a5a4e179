import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const packagesDir = join(root, 'packages');

/** What each package may import from the workspace: one way, never sideways. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  otlp: [],
  core: ['otlp'],
  receivers: ['otlp', 'core'],
  processors: ['otlp', 'core'],
  exporters: ['otlp', 'core'],
  sdk: ['otlp', 'core'],
  testing: ['otlp', 'core'],
  otelier: ['otlp', 'core', 'receivers', 'processors', 'exporters', 'sdk', 'testing'],
  bench: ['otlp', 'core', 'receivers', 'processors', 'exporters', 'sdk', 'testing', 'otelier'],
};

const isTest = (file: string) => /\.(test|test-d|bench)\.ts$/.test(file);

function filesUnder(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name === 'fixtures') return [];
    const path = join(dir, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const found = [
    ...text.matchAll(/^(?:import|export)\b[^;'"]*?\bfrom\s+'([^']+)'/gm),
    ...text.matchAll(/\bimport\(\s*'([^']+)'/g),
  ];
  return found.map((match) => match[1] as string);
}

const workspaceName = (specifier: string): string | undefined => {
  if (specifier === 'otelier' || specifier.startsWith('otelier/')) return 'otelier';
  return /^@otelier\/([a-z]+)/.exec(specifier)?.[1];
};

const packages = readdirSync(packagesDir).filter((name) => statSync(join(packagesDir, name)).isDirectory());

describe('the dependencies between packages', () => {
  test('every package has its rule', () => {
    expect(packages.toSorted()).toEqual(Object.keys(mayImport).toSorted());
  });

  test.each(packages)('%s declares only what it may use', (name) => {
    const manifest = JSON.parse(readFileSync(join(packagesDir, name, 'package.json'), 'utf8')) as Record<
      string,
      object
    >;
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }).flatMap(
      (specifier) => workspaceName(specifier) ?? [],
    );
    expect(declared.filter((used) => !mayImport[name]?.includes(used))).toEqual([]);
  });

  test.each(packages)('%s imports only what it declares, and never sideways', (name) => {
    const manifest = JSON.parse(readFileSync(join(packagesDir, name, 'package.json'), 'utf8')) as Record<
      string,
      object
    >;
    const declared = new Set(
      Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies }),
    );
    const wrong: string[] = [];
    for (const file of filesUnder(join(packagesDir, name, 'src'))) {
      if (!file.endsWith('.ts') || isTest(file)) continue;
      for (const specifier of importsOf(file)) {
        if (specifier.startsWith('node:')) continue;
        const at = relative(root, file);
        if (specifier.startsWith('.')) {
          const target = relative(join(packagesDir, name, 'src'), join(dirname(file), specifier));
          if (target.startsWith('..')) wrong.push(`${at}: ${specifier} leaves the package`);
          continue;
        }
        const used = workspaceName(specifier);
        if (used !== undefined && !mayImport[name]?.includes(used))
          wrong.push(`${at}: ${specifier} is sideways or upwards`);
        const bare = specifier
          .split('/')
          .slice(0, specifier.startsWith('@') ? 2 : 1)
          .join('/');
        if (!declared.has(bare)) wrong.push(`${at}: ${bare} is not in package.json`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe('a component', () => {
  const folders = ['receivers', 'processors', 'exporters'].flatMap((kind) => {
    const src = join(packagesDir, kind, 'src');
    return readdirSync(src, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => [kind, entry.name] as const);
  });

  test.each(folders)('%s/%s has its code, its test and its README under one name', (kind, name) => {
    const files = readdirSync(join(packagesDir, kind, 'src', name));
    expect(files).toEqual(expect.arrayContaining([`${name}.ts`, `${name}.test.ts`, 'README.md']));
  });
});

describe('the repository', () => {
  test('has the agreed top level', () => {
    const agreed = [
      'examples',
      'package.json',
      'package-lock.json',
      'packages',
      'pipeline.config.ts',
      'test',
      'tsconfig.json',
      'turbo.json',
    ];
    const supporting =
      /^\.|\.md$|^LICENSE$|^node_modules$|^data$|^biome\.json$|^vitest\.config\.ts$|^tsconfig\.(base|test)\.json$/;
    expect(readdirSync(root).filter((entry) => !agreed.includes(entry) && !supporting.test(entry))).toEqual([]);
  });

  test('keeps source files small: past 300 lines of code a second noun is hiding', () => {
    const linesOfCode = (file: string) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => !/^\s*($|\/\/|\/?\*)/.test(line)).length;
    const long = packages
      .flatMap((name) => filesUnder(join(packagesDir, name, 'src')))
      .filter((file) => file.endsWith('.ts') && !isTest(file) && linesOfCode(file) > 300)
      .map((file) => `${relative(root, file)}: ${linesOfCode(file)}`);
    expect(long).toEqual([]);
  });

  test('has a lock file that names no host and lacks no optional package', () => {
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { resolved?: string; optionalDependencies?: Record<string, string> }>;
    };
    const paths = Object.keys(lock.packages);
    const withHost = paths.filter((path) => /^https?:/.test(lock.packages[path]?.resolved ?? ''));
    const missing = Object.values(lock.packages)
      .flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}))
      .filter((name) => !paths.some((path) => path.endsWith(`node_modules/${name}`)));
    expect({ withHost, missing }).toEqual({ withHost: [], missing: [] });
  });
});
