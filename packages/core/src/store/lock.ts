import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** Directories that this very process uses: its own id in a lock file says nothing about that. */
const held = new Set<string>();

/** Who holds a lock: a process, told from a later one of the same number by when it started, where the system says so. */
function ownerOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold spaces; the start time is the 20th field after it.
    return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return `${pid}`;
  }
}

/**
 * Locks the file `path` for this process and returns what releases it; undefined when a living process holds it. A lock whose process has died is
 * taken over.
 */
export function lockFile(path: string): (() => void) | undefined {
  if (held.has(path)) return undefined;
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, ownerOf(process.pid));
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      if (linked(mine, path)) {
        held.add(path);
        return () => {
          held.delete(path);
          rmSync(path, { force: true });
        };
      }
      const owner = read(path);
      if (owner !== undefined && !isDead(owner)) return undefined;
      takeAway(path, owner);
    }
    return undefined;
  } finally {
    rmSync(mine, { force: true });
  }
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function isDead(owner: string): boolean {
  const pid = Number.parseInt(owner, 10);
  // A lock of our own number that we do not hold is an earlier process's, as happens in containers.
  if (!(pid > 0) || pid === process.pid) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
  return owner.includes(' ') && ownerOf(pid) !== owner;
}

/** Removes a dead process's lock, unless another process has taken it over meanwhile. */
function takeAway(path: string, owner: string | undefined): void {
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (read(aside) !== owner) linked(aside, path);
  rmSync(aside, { force: true });
}
