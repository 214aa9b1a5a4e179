import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gather } from './gather.js';
import { meantVariable } from './known-variables.js';
import { jsonMistake } from './settings/json-mistake.js';
import { levels, managedSettings, placeOf, usualPlaces } from './settings/places.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'otelier-gather-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, text: string): string => {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const name = 'OTEL_SERVICE_NAME';
const settings = (value: string) => JSON.stringify({ env: { [name]: value }, otelHeadersHelper: `./${value}` });
const places = {
  user: 'home/.claude/settings.json',
  project: 'work/.claude/settings.json',
  local: 'work/.claude/settings.local.json',
  'command line': 'flags.json',
  managed: 'etc/managed-settings.json',
} as const;

describe('precedence', () => {
  const env = () => ({ HOME: join(folder, 'home') });

  test('any set of sources gives the strongest, in whichever order they are named', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...levels], { minLength: 1 }), (given) => {
        const files = given.flatMap((level) =>
          level in places ? [write(places[level as keyof typeof places], settings(level))] : [],
        );
        const shell = given.includes('shell') ? [write('rc', `export ${name}=shell`)] : [];
        const { variables, helper } = gather({
          env: { ...env(), ...(given.includes('environment') && { [name]: 'environment' }) },
          cwd: join(folder, 'work'),
          shell,
          settings: files,
        });
        const strongest = levels.filter((level) => given.includes(level));
        expect(variables.get(name)).toBe(strongest.at(-1));
        const [variable] = variables.all();
        expect(variable!.given.map(({ level }) => level)).toEqual(strongest.toReversed());
        const ofFiles = strongest.filter((level) => level in places);
        expect(helper?.command).toBe(ofFiles.length === 0 ? undefined : `./${ofFiles.at(-1)}`);
      }),
      { numRuns: 60 },
    );
  });

  test('without names the usual places are read', () => {
    for (const level of ['user', 'project', 'local'] as const) write(places[level], settings(level));
    const { variables, sources } = gather({ env: env(), cwd: join(folder, 'work'), shell: [] });
    expect(variables.get(name)).toBe('local');
    expect(sources.map(({ source }) => source)).toEqual(
      expect.arrayContaining(['~/.claude/settings.json', '.claude/settings.json', '.claude/settings.local.json']),
    );
  });

  test('CLAUDE_CONFIG_DIR moves the user settings', () => {
    const path = write('elsewhere/settings.json', settings('user'));
    const moved = { ...env(), CLAUDE_CONFIG_DIR: join(folder, 'elsewhere') };
    expect(usualPlaces(moved, join(folder, 'work'))).toContainEqual({ level: 'user', path });
    expect(placeOf(path, moved).level).toBe('user');
  });

  test('each platform has its place for managed settings', () => {
    expect(['linux', 'darwin', 'win32'].map((platform) => managedSettings(platform as NodeJS.Platform))).toEqual([
      '/etc/claude-code/managed-settings.json',
      '/Library/Application Support/ClaudeCode/managed-settings.json',
      'C:\\Program Files\\ClaudeCode\\managed-settings.json',
    ]);
  });

  test('an unset in a shell file takes away what the environment gave, not what settings give', () => {
    const [rc, file] = [write('rc', `unset ${name}`), write(places.local, settings('local'))];
    const of = (settings: string[]) =>
      gather({ env: { ...env(), [name]: 'environment' }, cwd: folder, shell: [rc], settings }).variables.get(name);
    expect([of([]), of([file])]).toEqual([undefined, 'local']);
  });

  test('a file that cannot be read is a mistake of whoever named it', () => {
    expect(() => gather({ env: env(), cwd: folder, shell: ['nope'] })).toThrow('cannot read nope (ENOENT)');
    expect(() => gather({ env: env(), cwd: folder, shell: [], settings: ['nope.json'] })).toThrow('(ENOENT)');
  });
});

describe('JSON mistakes', () => {
  test.each<[string, string]>([
    ['', '1:1 a value'],
    ['{"a": 1,}', "1:9 no comma before '}'"],
    ['{"a": 1\n "b": 2}', "2:2 ',' or '}'"],
    ['{a: 1}', '1:2 a name in double quotes'],
    ["{'a': 1}", '1:2 a name in double quotes'],
    ['// x\n{}', '1:1 no comment (JSON has none)'],
    ['{"a": 1} // x', '1:10 no comment (JSON has none)'],
    ['{"a" 1}', "1:6 ':'"],
    ['{"a": tru}', '1:7 a value'],
    ['{"a": "x\ny"}', '1:7 a text that ends with a double quote in the same line, its backslashes doubled'],
    ['{"a": "\\x"}', '1:7 a text that ends with a double quote in the same line, its backslashes doubled'],
    ['{"a": [1, 2', "1:12 ',' or ']'"],
    ['{} {}', '1:4 nothing more'],
  ])('%j', (text, expected) => {
    const mistake = jsonMistake(text)!;
    expect(`${mistake.line}:${mistake.column} ${mistake.expected}`).toBe(expected);
  });

  test('are found where JSON.parse finds one, and nowhere else', () => {
    const text = fc.oneof(
      fc.json(),
      fc
        .tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '"', '}', '{', ' ', '\\', '0', 'x'))
        .map(([json, at, put]) => {
          const i = at % (json.length + 1);
          return json.slice(0, i) + put + json.slice(i + 1);
        }),
    );
    fc.assert(
      fc.property(text, (json) => {
        let valid = true;
        try {
          JSON.parse(json);
        } catch {
          valid = false;
        }
        expect(jsonMistake(json) === undefined).toBe(valid);
      }),
      { numRuns: 2000 },
    );
  });
});

test.each([
  ['OTEL_EXPORTER_OTLP_ENDPIONT', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
  ['OTEL_METRICS_EXPORT_INTERVAL', 'OTEL_METRIC_EXPORT_INTERVAL'],
  ['OTEL_LOG_EXPORT_INTERVAL', 'OTEL_LOGS_EXPORT_INTERVAL'],
  ['CLAUDE_CODE_ENABLE_TELEMETERY', 'CLAUDE_CODE_ENABLE_TELEMETRY'],
  ['OTEL_LOGS_EXPORTER', undefined],
  ['OTEL_PYTHON_SOMETHING', undefined],
])('%s is meant as %s', (given, meant) => {
  expect(meantVariable(given)).toBe(meant);
});
