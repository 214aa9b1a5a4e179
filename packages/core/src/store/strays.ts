import type { RootDatabase } from 'lmdb';
import { opened } from './checked-value.js';
import type { StateChange } from './state-store.js';

type Database = RootDatabase<Uint8Array, Uint8Array>;

/**
 * Brings entries back to their owner that bear another's name since a byte of it has changed: neither would know that something is missing. Answers
 * the changes that do so.
 *
 * Keys stand in their order still, so that such an entry is the first or the last of those with its name.
 */
export function straysIn(db: Database): readonly StateChange[] {
  const owners = ownersIn(db);
  const changes: StateChange[] = [];
  for (const owner of owners) for (const isLast of [false, true]) changes.push(...straysAt(db, owner, isLast, owners));
  return changes;
}

function* straysAt(db: Database, owner: Buffer, isLast: boolean, owners: readonly Buffer[]): Iterable<StateChange> {
  const [begin, end] = [Buffer.concat([owner, Buffer.from([0])]), Buffer.concat([owner, Buffer.from([1])])];
  const range = isLast ? { start: end, end: begin, reverse: true } : { start: begin, end };
  for (const { key, value: stored } of db.getRange(range)) {
    const home = opened(key, stored) === undefined ? homeOf(key, stored, owners) : undefined;
    if (home === undefined) return;
    yield [Buffer.from(home), Buffer.from(opened(home, stored)!)];
    yield [Buffer.from(key), undefined];
  }
}

/** The key under which it is what was written. */
function homeOf(key: Uint8Array, stored: Uint8Array, owners: readonly Buffer[]): Buffer | undefined {
  for (const owner of owners) {
    if (owner.length >= key.length) continue;
    const home = Buffer.from(key);
    owner.copy(home);
    home[owner.length] = 0;
    if (opened(home, stored) !== undefined) return home;
  }
  return undefined;
}

/** What keys begin with, up to a zero. Nothing of an owner comes after a one. */
function ownersIn(db: Database): Buffer[] {
  const owners: Buffer[] = [];
  for (let from = Buffer.alloc(0); ; ) {
    const [first] = db.getKeys({ start: from, limit: 1 });
    if (first === undefined) return owners;
    const end = first.indexOf(0);
    const owner = Buffer.from(end < 0 ? first : first.subarray(0, end));
    if (end >= 0) owners.push(owner);
    from = Buffer.concat([owner, Buffer.from([end < 0 ? 0 : 1])]);
  }
}
