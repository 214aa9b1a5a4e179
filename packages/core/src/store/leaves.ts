import { freeIn } from './free-list.js';
import type { Page, PageFile, Place } from './page-file.js';

export type { Place } from './page-file.js';

/**
 * Where the values of a store are that may be damaged, by key (in Latin-1).
 *
 * Its tree is followed as far as it leads. Then every leaf that it does not reach is taken as well, but for those on pages that are known to be
 * free: of the same key, what was written last counts. When it is not known for sure which pages are free, values come back that had been deleted.
 */
export function findLeaves(pages: PageFile): ReadonlyMap<string, Place> {
  const { leaves, seen } = follow(pages, pages.roots.stored);
  const places = new Map<string, Place>();
  for (const { nodes } of leaves) for (const { key, place } of nodes) places.set(key.toString('latin1'), place);
  const reached = new Set(places.keys());
  const free = freePages(pages, seen);
  const writtenBy = new Map<string, bigint>();
  for (let number = 2; number < pages.count; number++) {
    const page = seen.has(number) || free.has(number) ? undefined : pages.page(number);
    if (page?.isLeaf !== true) continue;
    for (const { key, place } of page.nodes) {
      const name = key.toString('latin1');
      if (reached.has(name) || (writtenBy.get(name) ?? -1n) >= page.writtenBy) continue;
      writtenBy.set(name, page.writtenBy);
      places.set(name, place);
    }
  }
  return places;
}

interface Followed {
  readonly leaves: Page[];
  /** Pages that were looked at. */
  readonly seen: ReadonlySet<number>;
  /** Whether everything led somewhere. */
  readonly isWhole: boolean;
}

function follow(pages: PageFile, root: number | undefined): Followed {
  const leaves: Page[] = [];
  const seen = new Set<number>();
  let isWhole = root !== undefined;
  const next = root === undefined ? [] : [root];
  for (let number = next.pop(); number !== undefined; number = next.pop()) {
    const page = seen.has(number) ? undefined : pages.page(number);
    if (page === undefined) {
      isWhole = false;
      continue;
    }
    seen.add(number);
    isWhole &&= page.isSound;
    if (page.isLeaf) leaves.push(page);
    else for (const { child } of page.nodes) next.push(child);
  }
  return { leaves, seen, isWhole };
}

/** The pages that a store knows to be free, and those that say so; none when that is not known for sure, since it contradicts itself. */
function freePages(pages: PageFile, used: ReadonlySet<number>): ReadonlySet<number> {
  const { leaves, seen, isWhole } = follow(pages, pages.roots.free);
  const free = new Set(seen);
  const add = (page: number): boolean => {
    if (page < 2 || page >= pages.count || free.has(page)) return false;
    free.add(page);
    return true;
  };
  const says = leaves.flatMap(({ nodes }) => nodes.map(({ place }) => pages.valueAt(place)));
  const isSure = isWhole && says.every((list) => list !== undefined && freeIn(list, add));
  return isSure && [...used].every((number) => !free.has(number)) ? free : new Set();
}
