import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import { type SourceFiles, sourceFiles } from '../../load-config/source-files.js';

/** Watches a pipeline file and what it imports until it is closed. */
export interface SourceWatch {
  close(): void;
}

const quietMs = 50;

/**
 * Calls `changed` when a pipeline file, or a file that it imports, is no longer what it was at `seen`.
 *
 * Folders are watched, since editors replace files, and contents are compared, since a folder reports more than changes.
 */
export function watchSource(file: string, seen: SourceFiles, changed: () => void): SourceWatch {
  const watchers = new Map<string, FSWatcher>();
  let timer: NodeJS.Timeout | undefined;
  let fingerprint = seen.fingerprint;
  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(look, quietMs);
  };
  const follow = ({ files }: SourceFiles): void => {
    const folders = new Set(files.map((each) => dirname(each)));
    for (const [folder, watcher] of watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      watchers.delete(folder);
    }
    for (const folder of folders) {
      if (!watchers.has(folder)) watchers.set(folder, watch(folder, soon));
    }
  };
  const look = (): void => {
    const now = sourceFiles(file);
    if (now.fingerprint === fingerprint) return;
    fingerprint = now.fingerprint;
    follow(now);
    changed();
    // What changed before a folder was watched is seen by looking again.
    soon();
  };
  follow(seen);
  soon();
  return {
    close() {
      clearTimeout(timer);
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}
