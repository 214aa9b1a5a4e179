import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { UsageError } from '../fail.js';
import type { Finding } from './finding.js';
import { isTelemetryVariable } from './known-variables.js';
import { type Level, levels, placeOf, type SettingsPlace, usualPlaces } from './settings/places.js';
import { readSettings } from './settings/read-settings.js';
import { noteFinding } from './shell/note-finding.js';
import { readShell } from './shell/shell.js';
import { Variables } from './variables.js';

/** Where the configuration of Claude Code is looked for. */
export interface Sources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Shell files, in the order in which a shell would read them. */
  readonly shell: readonly string[];
  /** Settings files; undefined: those that Claude Code would read here. */
  readonly settings?: readonly string[];
}

/** The program that prints headers, and the settings file that names it. */
export interface HeadersHelper {
  readonly command: string;
  readonly source: string;
}

/** What the sources say together. */
export interface Configuration {
  readonly variables: Variables;
  readonly helper?: HeadersHelper;
  /** What was read, for people: `~/.zshrc`. */
  readonly sources: readonly { readonly level: Level; readonly source: string }[];
  readonly findings: readonly Finding[];
}

/**
 * Reads the environment, shell files and settings files, and puts them together as Claude Code would.
 *
 * @throws {UsageError} when a file that was asked for cannot be read.
 */
export function gather({ env, cwd, shell, settings }: Sources): Configuration {
  const variables = new Variables();
  const sources: { level: Level; source: string }[] = [{ level: 'environment', source: 'the environment' }];
  const findings: Finding[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && isTelemetryVariable(name))
      variables.add(name, { value, level: 'environment', source: 'the environment' });
  }
  for (const path of shell) {
    const source = shorten(resolve(cwd, path), env, cwd);
    sources.push({ level: 'shell', source });
    readShellFile(read(resolve(cwd, path), path), source, env, variables, findings);
  }
  let helper: HeadersHelper | undefined;
  const places = settings?.map((path) => placeOf(resolve(cwd, path), env)) ?? usualPlaces(env, cwd);
  let helperLevel: Level | undefined;
  for (const { level, path } of [...places].sort(weakestFirst)) {
    const source = shorten(path, env, cwd);
    sources.push({ level, source });
    const found = readSettings(read(path, source), source);
    findings.push(...found.findings);
    for (const [name, value] of found.env) if (isTelemetryVariable(name)) variables.add(name, { value, level, source });
    if (found.headersHelper === undefined) continue;
    if (helper !== undefined && helperLevel !== level) {
      const message = `The otelHeadersHelper of ${helper.source} is not used: that of ${source} (${level} settings) is stronger.`;
      findings.push({ id: 'helper-shadowed', topic: 'sources', severity: 'info', message, where: source });
    }
    [helper, helperLevel] = [{ command: found.headersHelper, source }, level];
  }
  return { variables, ...(helper && { helper }), sources, findings };
}

function weakestFirst(a: SettingsPlace, b: SettingsPlace): number {
  return levels.indexOf(a.level) - levels.indexOf(b.level);
}

function readShellFile(
  text: string,
  source: string,
  env: Sources['env'],
  variables: Variables,
  findings: Finding[],
): void {
  const reading = readShell(text, env);
  for (const name of reading.unset) if (isTelemetryVariable(name)) variables.remove(name, 'shell');
  for (const { name, value, unknown, missing, exported, line, conditional } of reading.variables.values()) {
    if (!isTelemetryVariable(name) || !exported) continue;
    const at = `${source}:${line}`;
    variables.add(name, { value, level: 'shell', source: at });
    const where = `${name} in ${at}`;
    if (unknown !== undefined) {
      const message = `The value holds ${unknown}, which only a running shell knows: what depends on it was not checked.`;
      findings.push({ id: 'shell-unknown-value', topic: 'sources', severity: 'info', message, where });
    }
    if (missing !== undefined) {
      const message = `The value holds $${missing}, which is not set here: it was taken as empty.`;
      const fix = 'Run otelier doctor where it is set, or look at its spelling.';
      findings.push({ id: 'shell-unset-variable', topic: 'sources', severity: 'warning', message, where, fix });
    }
    if (conditional) {
      const message = 'It is set under a condition or in a function; here it is taken as set.';
      findings.push({ id: 'shell-conditional', topic: 'sources', severity: 'info', message, where });
    }
  }
  for (const note of reading.notes) {
    const finding = noteFinding(note, source);
    if (finding !== undefined) findings.push(finding);
  }
}

function read(path: string, shown: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new UsageError(`cannot read ${shown} (${code})`);
  }
}

/** Paths as people write them: below the current folder, or with `~`. */
function shorten(path: string, env: Sources['env'], cwd: string): string {
  if (path.startsWith(`${cwd}/`)) return path.slice(cwd.length + 1);
  const home = env.HOME;
  return home && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}
