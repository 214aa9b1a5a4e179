import { openSync, readSync } from 'node:fs';

// Of every Linux that Node supports but some of those on ARM, whose pages are larger; there Node's own figure is used.
const pageBytes = 4096;

/**
 * Makes a function that tells how many bytes of memory the process uses; the last figure again while the system tells none.
 *
 * It is the resident set without what was mapped from files since now: pages of a store's file, of which a large queue may have
 * a gigabyte, are taken back by the kernel when somebody needs them.
 */
export function residentBytes(): () => number {
  const first = readPages();
  const isOurs = first !== undefined && isPlausible(first.resident);
  let last = 0;
  return () => {
    try {
      const pages = isOurs ? readPages() : undefined;
      last =
        pages === undefined
          ? process.memoryUsage.rss()
          : (pages.resident - Math.max(0, pages.shared - first!.shared)) * pageBytes;
    } catch {
      // Node opens a file for its figure, and there may be no descriptor left.
    }
    return last;
  };
}

function isPlausible(pages: number): boolean {
  const share = (pages * pageBytes) / process.memoryUsage.rss();
  return share > 0.7 && share < 1.4;
}

const text = Buffer.alloc(128);
/** Stays open as long as the process lives, so that it can be read when no descriptor is left; undefined where there is none. */
let statm: number | undefined;

function readPages(): { readonly resident: number; readonly shared: number } | undefined {
  try {
    statm ??= openSync('/proc/self/statm', 'r');
    const fields = text.toString('latin1', 0, readSync(statm, text, 0, text.length, 0)).split(' ');
    return { resident: Number(fields[1]), shared: Number(fields[2]) };
  } catch {
    return undefined;
  }
}
