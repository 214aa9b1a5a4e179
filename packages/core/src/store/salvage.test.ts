import {
  closeSync,
  copyFileSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silent } from '../fakes/ends.js';
import { findLeaves } from './leaves.js';
import { openStore } from './open-store.js';
import { PageFile, type Place } from './page-file.js';
import { salvageStore } from './salvage.js';
import type { StateChange, StateStore } from './state-store.js';

const pageBytes = 4096;
const everything = Buffer.alloc(0);
let folder: string;
/** What the store has, by key, and on which pages. */
const there = new Map<string, { readonly value: Buffer; readonly pages: ReadonlySet<number> }>();
let whole: Buffer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'otelier-salvage-'));
  const store = await openStore(join(folder, 'whole'), silent);
  // Values within pages and on pages of their own, of which most are deleted again, so that there are free pages with old ones.
  for (let round = 0; round < 40; round++) {
    const changes: StateChange[] = [];
    for (let i = 0; i < 25; i++) {
      const value = Buffer.alloc(i % 5 === 0 ? 9000 + i : 20 + 10 * i, `${round}.${i}`);
      changes.push([Buffer.from(`logs/events/queue\0${round}.${i}`), value]);
    }
    if (round > 2) {
      for (let i = 0; i < 25; i++)
        if ((round + i) % 3 > 0) changes.push([Buffer.from(`logs/events/queue\0${round - 3}.${i}`), undefined]);
    }
    await store.commit(changes);
  }
  const found = [...store.entries(everything)];
  await store.close();
  const path = join(folder, 'whole', 'state', 'data.mdb');
  whole = readFileSync(path);
  const file = openSync(path, 'r');
  const pages = new PageFile(file, fstatSync(file).size);
  const places = findLeaves(pages);
  for (const [key, value] of found) {
    const name = Buffer.from(key).toString('latin1');
    there.set(name, { value: Buffer.from(value), pages: pagesOf(pages, name, places.get(name)!) });
  }
  closeSync(file);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The leaves that have a key with this very place, and the pages of its value. */
function pagesOf(pages: PageFile, name: string, place: Place): Set<number> {
  const used = new Set<number>();
  for (let number = 2; number < pages.count; number++) {
    const page = pages.page(number);
    const has = page?.nodes.some((node) => node.key.toString('latin1') === name && sameAs(node.place, place));
    if (page?.isLeaf === true && has) used.add(number);
  }
  const count = place.at === undefined ? Math.ceil((24 + place.size) / pageBytes) : 1;
  for (let at = 0; at < count; at++) used.add(place.page + at);
  return used;
}

const sameAs = (a: Place, b: Place): boolean => a.page === b.page && a.at === b.at && a.size === b.size;

function salvaged<T>(bytes: Buffer, read: (store: StateStore) => T): T {
  const at = join(folder, 'damaged');
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, 'data.mdb'), bytes);
  const store = salvageStore(at)!;
  try {
    return read(store);
  } finally {
    void store.close();
    expect(readFileSync(join(at, 'data.mdb')).equals(bytes)).toBe(true);
  }
}

const read = (store: StateStore): Map<string, string> =>
  new Map(
    [...store.entries(everything)].map(([key, value]) => [
      Buffer.from(key).toString('latin1'),
      Buffer.from(value).toString('latin1'),
    ]),
  );

describe('a store is read without LMDB', () => {
  test('that is whole: exactly what is in it, and nothing that was deleted', () => {
    expect(there.size).toBeGreaterThan(200);
    const expected = [...there].map(([name, { value }]) => [name, value.toString('latin1')]);
    expect([...salvaged(whole, read)]).toEqual(expected);
  });

  test('from a key on, by prefix, and one by one', () => {
    const names = [...there.keys()].filter((name) => name.startsWith('logs/events/queue\x001'));
    salvaged(whole, (store) => {
      const [prefix, from] = [Buffer.from('logs/events/queue\x001'), Buffer.from(names[3]!, 'latin1')];
      expect([...store.keys(prefix, from)].map((key) => Buffer.from(key).toString('latin1'))).toEqual(names.slice(3));
      expect(Buffer.from(store.get(from)!)).toEqual(there.get(names[3]!)?.value);
      expect(store.get(Buffer.from('nothing'))).toBeUndefined();
    });
  });

  test('that is damaged anywhere: all that stands on pages that are not', () => {
    const offset = fc.nat({ max: whole.length - 1 });
    const damage = fc.oneof(
      fc.record({ at: offset, length: fc.integer({ min: 1, max: 3 * pageBytes }), byte: fc.nat({ max: 255 }) }),
      // Heads of pages are what leads elsewhere.
      fc.record({
        at: offset.map((at) => Math.floor(at / pageBytes) * pageBytes),
        length: fc.integer({ min: 1, max: 200 }),
        byte: fc.nat({ max: 255 }),
      }),
    );
    let lost = 0;
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 4 }), (damages) => {
        const bytes = Buffer.from(whole);
        const touched = new Set<number>();
        for (const { at, length, byte } of damages) {
          const end = Math.min(at + length, bytes.length);
          bytes.fill(byte, at, end);
          for (let page = Math.floor(at / pageBytes); page * pageBytes < end; page++) touched.add(page);
        }
        const found = salvaged(bytes, read);
        for (const [name, { value, pages }] of there) {
          if ([...pages].every((page) => !touched.has(page))) expect(found.get(name)).toBe(value.toString('latin1'));
          else if (found.get(name) !== value.toString('latin1')) lost++;
        }
      }),
      { numRuns: Number(process.env.OTELIER_FUZZ_RUNS ?? 60) },
    );
    expect(lost).toBeGreaterThan(0);
  });

  test('that is cut off, or of zeros, or nothing of the kind', () => {
    for (const bytes of [whole.subarray(0, 30_000), Buffer.alloc(50_000), Buffer.from('text'), Buffer.alloc(0)]) {
      salvaged(Buffer.from(bytes), (store) => expect(read(store).size).toBeLessThan(there.size));
    }
    expect(salvageStore(join(folder, 'nowhere'))).toBeUndefined();
  });

  test('and takes no commits', async () => {
    copyFileSync(join(folder, 'whole', 'state', 'data.mdb'), join(folder, 'data.mdb'));
    const store = salvageStore(folder)!;
    await expect(store.commit([])).rejects.toThrow('only read');
    await store.close();
  });
});
