import { mkdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * The folder for compiled pipeline files: the user's own cache, open to nobody else, or none.
 *
 * A pipeline file may hold secrets and is code that will run, so what is made of it must be neither readable nor
 * writable by others; a shared temporary folder is therefore never used.
 */
export function cacheFolder(): string | undefined {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const folder = join(base, 'otelier');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { mode, uid } = statSync(folder);
    const mine = process.getuid === undefined || (uid === process.getuid() && (mode & 0o077) === 0);
    return mine ? folder : undefined;
  } catch {
    return undefined;
  }
}
