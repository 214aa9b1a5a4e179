import {
  linkSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isAnswered, openSign, type Sign } from './sign-of-life.js';

/** What this thread has locked, by directory and not by path: one may have several, one after the other or at once. */
const held = new Set<string>();

/** Who holds a lock. */
interface Owner {
  readonly pid: number;
  /** When it started, where the system says so: tells a process from a later one of the same number. */
  readonly started: string | undefined;
  /** Where its number means something, and the socket by which it is found from elsewhere. */
  readonly namespace: string | undefined;
  readonly sign: string | undefined;
}

/**
 * Locks the file `path` for this process and returns what releases it; undefined when a living process holds it. A lock whose process has died is
 * taken over.
 *
 * A lock is a symbolic link that leads nowhere and names its owner: it is made whole or not at all, and on a disk without room too.
 */
export async function lockFile(path: string): Promise<(() => void) | undefined> {
  const { dev, ino } = statSync(dirname(path));
  const what = `${dev} ${ino} ${basename(path)}`;
  if (held.has(what)) return undefined;
  held.add(what);
  let sign: Sign | undefined;
  try {
    sign = await openSign(path);
    const mine = told(sign?.name);
    if (await taken(path, mine)) {
      return () => {
        held.delete(what);
        // Whoever has replaced the directory meanwhile has a lock of its own there.
        if (read(path) === mine) rmSync(path, { force: true });
        sign?.close();
      };
    }
  } catch (error) {
    held.delete(what);
    sign?.close();
    throw error;
  }
  held.delete(what);
  sign?.close();
  return undefined;
}

/** Whether a living process holds the lock `path`; changes nothing. */
export async function isLocked(path: string): Promise<boolean> {
  const owner = ownerFrom(read(path));
  return owner !== undefined && (await isAlive(owner, path));
}

async function taken(path: string, mine: string): Promise<boolean> {
  for (let attempt = 0; attempt < 5; attempt++) {
    if (placed(mine, path)) return true;
    const text = read(path);
    const owner = ownerFrom(text);
    if (owner !== undefined && (await isAlive(owner, path))) return false;
    takeAway(path, text);
    if (owner?.sign !== undefined) rmSync(join(dirname(path), owner.sign), { force: true });
  }
  return false;
}

function told(sign: string | undefined): string {
  const owner = [process.pid, startOf(process.pid) ?? '-', namespace() ?? '-', sign ?? '-'];
  return owner.join(' ');
}

function ownerFrom(text: string | undefined): Owner | undefined {
  const [pid = '', ...rest] = (text ?? '').split(' ');
  const [started, ns, sign] = rest.map((part) => (part === '-' ? undefined : part));
  // A name of a file beside the lock, and nothing else.
  const safe = sign !== undefined && basename(sign) === sign ? sign : undefined;
  return /^[1-9]\d*$/.test(pid) ? { pid: Number(pid), started, namespace: ns, sign: safe } : undefined;
}

function startOf(pid: number): string | undefined {
  return statOf(pid)?.[19];
}

/** What Linux tells of a process behind its name, which may hold spaces and parentheses. */
function statOf(pid: number): readonly string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** Whether a process has ended and only its number is left, until its parent asks after it; its last thread is gone then. */
function isZombie(pid: number): boolean {
  const stat = statOf(pid);
  return stat !== undefined && (stat[0] === 'Z' || stat[0] === 'X') && Number(stat[17]) <= 1;
}

/** Containers count processes each for itself, and may share a volume. Undefined where there is no such thing. */
function namespace(): string | undefined {
  try {
    return readlinkSync('/proc/self/ns/pid').replaceAll(/[^\d]/g, '');
  } catch {
    return undefined;
  }
}

async function isAlive(owner: Owner, path: string): Promise<boolean> {
  if (owner.namespace !== undefined && owner.namespace !== namespace()) {
    return owner.sign !== undefined && (await isAnswered(join(dirname(path), owner.sign)));
  }
  // A lock of our own number that we do not hold is an earlier process's, as happens in containers, or another thread's.
  if (owner.pid === process.pid) {
    const isOurs = owner.started !== undefined && owner.started === startOf(owner.pid);
    return isOurs && owner.sign !== undefined && (await isAnswered(join(dirname(path), owner.sign)));
  }
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  if (isZombie(owner.pid)) return false;
  return owner.started === undefined || startOf(owner.pid) === owner.started;
}

/** Whether the lock was not there and is now `owner`'s. */
function placed(owner: string, path: string): boolean {
  try {
    symlinkSync(owner, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    // Windows lets not everybody make them, and some file systems have none.
    if (code !== 'EPERM' && code !== 'ENOSYS' && code !== 'ENOTSUP') throw error;
  }
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, owner);
  try {
    return linked(mine, path);
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
    return readlinkSync(path);
  } catch {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  }
}

/** Removes a dead process's lock, unless another process has taken it over meanwhile. */
function takeAway(path: string, owner: string | undefined): void {
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  const found = read(aside);
  if (found !== owner && found !== undefined) placed(found, path);
  rmSync(aside, { force: true });
}
