import { ConfigError } from '@otelier/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Workspace, workspace } from '../../test/cli-process.js';
import { ConfigFileError } from './config-file-error.js';
import { loadConfig } from './load-config.js';

let at: Workspace;
const cache = process.env.XDG_CACHE_HOME;
beforeEach(() => {
  at = workspace();
  process.env.XDG_CACHE_HOME = at.folder;
});
afterEach(() => {
  at.remove();
  if (cache === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = cache;
});

const good = `import { definePipelines, fileExporter, otlpReceiver } from 'otelier';
const doors = otlpReceiver({ grpc: '127.0.0.1:0', http: '127.0.0.1:0' });
export default definePipelines({
  logs: { events: { receivers: [doors], exporters: [fileExporter({ dir: './out' })] } },
});
`;

async function failure(text: string): Promise<ConfigFileError> {
  const error = await loadConfig(at.write('pipeline.config.ts', text)).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigFileError);
  return error as ConfigFileError;
}

describe('mistakes are told with their place', () => {
  const mistakes: readonly (readonly [string, string, string | RegExp])[] = [
    [
      'a wrong option',
      good.replace('{ dir:', '{ dri:'),
      /pipeline\.config\.ts:4:\d+: fileExporter: dri: expected no such option/,
    ],
    [
      'a wrong address',
      good.replace("'127.0.0.1:0', http", "'nowhere', http"),
      /pipeline\.config\.ts:2:15: otlpReceiver: grpc: expected host:port/,
    ],
    ['an unknown name', good.replace('[doors]', '[door]'), /pipeline\.config\.ts:4:\d+: door is not defined/],
    ['a syntax error', `${good}const = 1;\n`, /pipeline\.config\.ts:6:\d: ParseError: Unexpected token$/],
    [
      'no default export',
      good.replace('export default', 'export const config ='),
      "expected 'export default definePipelines({ … })', found no default export",
    ],
    [
      'a default export of another kind',
      'export default 42;\n',
      'expected the default export to be definePipelines({ … }), found number',
    ],
    [
      'a plain object with a mistake',
      good.replace('definePipelines({', '({').replace('exporters: [', 'exporter: ['),
      /logs\.events\.exporter: expected one of/,
    ],
    [
      'no exporter',
      good.replace(/\[fileExporter.*?\]/, '[]'),
      /pipeline\.config\.ts:3:16: logs\.events\.exporters: expected at least one exporter/,
    ],
    [
      'a variable that is not set',
      good.replace("'./out'", "env('OTELIER_TEST_FOLDER')").replace('fileExporter,', 'env, fileExporter,'),
      /pipeline\.config\.ts:4:\d+: env\('OTELIER_TEST_FOLDER'\): expected the environment variable OTELIER_TEST_FOLDER to be set/,
    ],
    ['an import that is not there', `import { x } from './missing.js';\nx();\n${good}`, /missing\.js/],
  ];

  test.each(mistakes)('%s', async (_, text, expected) => {
    const { message } = await failure(text);
    expect(message).toMatch(expected);
    expect(message).toMatch(/^\S+pipeline\.config\.ts:/);
  });

  test('in a file that the pipeline file imports', async () => {
    at.write(
      'doors.ts',
      `import { otlpReceiver } from 'otelier';\n\nexport const doors = otlpReceiver({ http: 'x' });\n`,
    );
    const { message, position } = await failure(
      `import { doors } from './doors.js';\n${good.replace(/^const doors.*$/m, '')}`,
    );
    expect(message).toMatch(/doors\.ts:3:22: otlpReceiver: http: expected host:port/);
    expect(position).toMatchObject({ line: 3, column: 22 });
  });

  test('what the file says is not repeated: it may be a secret', async () => {
    const { message } = await failure(good.replace("'./out'", '12345678'));
    expect(message).not.toContain('12345678');
  });
});

test('files that are right: syntax that Node does not strip, JavaScript, top-level await, relative imports', async () => {
  at.write('pipeline.config.ts', `enum Where { Out = './out' }\n${good.replace("'./out'", 'Where.Out')}`);
  at.write('plain.config.mjs', good);
  at.write('shared.ts', `export const dir: string = await Promise.resolve('./out');\n`);
  at.write('split.config.ts', `import { dir } from './shared.js';\n${good.replace("dir: './out'", 'dir')}`);
  at.write('object.config.ts', good.replace('definePipelines({', '({').replace('definePipelines, ', ''));
  for (const name of ['pipeline.config.ts', 'plain.config.mjs', 'split.config.ts', 'object.config.ts']) {
    const { config } = await loadConfig(`${at.folder}/${name}`);
    expect(Object.keys(config.logs!)).toEqual(['events']);
  }
});

test('the file gets the classes of the program that loads it, wherever it lies', async () => {
  const file = at.write(
    'pipeline.config.ts',
    `import { ConfigError as One } from '@otelier/core';
import { ConfigError as Other } from 'otelier';
export { One, Other };
globalThis.classes = [One, Other];
${good}`,
  );
  await loadConfig(file);
  const { classes } = globalThis as unknown as { classes: unknown[] };
  expect(classes[0]).toBe(ConfigError);
  expect(classes[1]).toBe(ConfigError);
});

test('loading again sees what changed, in the file and in what it imports', async () => {
  at.write('name.ts', `export const name = 'first';\n`);
  const file = at.write(
    'pipeline.config.ts',
    `import { name } from './name.js';\n${good.replace('events:', '[name]:')}`,
  );
  const first = await loadConfig(file);
  at.write('name.ts', `export const name = 'second';\n`);
  const second = await loadConfig(file);
  expect([first, second].map(({ config }) => Object.keys(config.logs!))).toEqual([['first'], ['second']]);
  expect(first.source.files.map((each) => each.slice(at.folder.length + 1))).toEqual(['pipeline.config.ts', 'name.ts']);
});
