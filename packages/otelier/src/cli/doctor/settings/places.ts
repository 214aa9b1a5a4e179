import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

/** How strong a source of variables is: later ones win over earlier ones. */
export const levels = ['environment', 'shell', 'user', 'project', 'local', 'command line', 'managed'] as const;

/** One of {@link levels}. */
export type Level = (typeof levels)[number];

/** A settings file of Claude Code, and how strong it is. */
export interface SettingsPlace {
  readonly level: Level;
  readonly path: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** The settings files that Claude Code would read here, of those that exist. */
export function usualPlaces(env: Env, cwd: string, platform: NodeJS.Platform = process.platform): SettingsPlace[] {
  const places: SettingsPlace[] = [
    { level: 'user', path: join(userFolder(env), 'settings.json') },
    { level: 'project', path: join(cwd, '.claude', 'settings.json') },
    { level: 'local', path: join(cwd, '.claude', 'settings.local.json') },
    { level: 'managed', path: managedSettings(platform) },
  ];
  // In the home directory the project's file is the user's.
  return places.filter(({ path }, i) => existsSync(path) && places.findIndex((other) => other.path === path) === i);
}

/** How strong Claude Code takes a settings file to be, from its name and folder; others are as given with `claude --settings`. */
export function placeOf(path: string, env: Env): SettingsPlace {
  const file = resolve(path);
  const name = basename(file);
  if (name === 'managed-settings.json') return { level: 'managed', path: file };
  if (file === join(resolve(userFolder(env)), 'settings.json')) return { level: 'user', path: file };
  const inClaude = basename(dirname(file)) === '.claude';
  if (inClaude && name === 'settings.local.json') return { level: 'local', path: file };
  if (inClaude && name === 'settings.json') return { level: 'project', path: file };
  return { level: 'command line', path: file };
}

/** Where an administrator's settings lie. */
export function managedSettings(platform: NodeJS.Platform): string {
  if (platform === 'darwin') return '/Library/Application Support/ClaudeCode/managed-settings.json';
  if (platform === 'win32') return 'C:\\Program Files\\ClaudeCode\\managed-settings.json';
  return '/etc/claude-code/managed-settings.json';
}

function userFolder(env: Env): string {
  return env.CLAUDE_CONFIG_DIR || join(env.HOME || homedir(), '.claude');
}
