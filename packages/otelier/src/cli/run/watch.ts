import { createHash } from 'node:crypto';
import { type FSWatcher, readFileSync, watch } from 'node:fs';
import { dirname } from 'node:path';

/** Watches files until it is closed. */
export interface FilesWatch {
  /** Watches these files from now on. */
  follow(files: readonly string[]): void;
  close(): void;
}

const quietMs = 50;

/**
 * Calls `changed` when the content of a watched file has become another.
 *
 * Folders are watched, since editors replace files, and contents are compared, since a folder reports more than changes.
 */
export function watchFiles(files: readonly string[], changed: () => void): FilesWatch {
  const watchers = new Map<string, FSWatcher>();
  let followed = files;
  let seen = fingerprint(files);
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    const now = fingerprint(followed);
    if (now === seen) return;
    seen = now;
    changed();
  };
  const follow = (next: readonly string[]): void => {
    // A change of a file that was followed already must not be taken for seen.
    if (next.join('\n') !== followed.join('\n')) {
      followed = next;
      seen = fingerprint(next);
    }
    const folders = new Set(next.map((file) => dirname(file)));
    for (const [folder, watcher] of watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      watchers.delete(folder);
    }
    for (const folder of folders) {
      if (watchers.has(folder)) continue;
      const watcher = watch(folder, () => {
        clearTimeout(timer);
        timer = setTimeout(look, quietMs);
      });
      watchers.set(folder, watcher);
    }
  };
  follow(files);
  return {
    follow,
    close() {
      clearTimeout(timer);
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

function fingerprint(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) {
    try {
      hash.update(file).update('\0').update(readFileSync(file)).update('\0');
    } catch {
      hash.update('missing\0');
    }
  }
  return hash.digest('hex');
}
