import { closeSync, openSync, readSync } from 'node:fs';

// Of every Linux that Node supports but some of those on ARM, whose pages are larger; there Node's own figure is used.
const pageBytes = 4096;

/**
 * Makes a function that tells how many bytes of memory the process uses.
 *
 * It is the resident set without what was mapped from files since now: pages of a store's file, of which a large queue may have
 * a gigabyte, are taken back by the kernel when somebody needs them.
 */
export function residentBytes(): () => number {
  const first = readPages();
  if (first === undefined || !isPlausible(first.resident)) return () => process.memoryUsage.rss();
  return () => {
    const pages = readPages();
    if (pages === undefined) return process.memoryUsage.rss();
    return (pages.resident - Math.max(0, pages.shared - first.shared)) * pageBytes;
  };
}

function isPlausible(pages: number): boolean {
  const share = (pages * pageBytes) / process.memoryUsage.rss();
  return share > 0.7 && share < 1.4;
}

const text = Buffer.alloc(128);

function readPages(): { readonly resident: number; readonly shared: number } | undefined {
  let file: number;
  try {
    file = openSync('/proc/self/statm', 'r');
  } catch {
    return undefined;
  }
  try {
    const fields = text.toString('latin1', 0, readSync(file, text, 0, text.length, 0)).split(' ');
    return { resident: Number(fields[1]), shared: Number(fields[2]) };
  } finally {
    closeSync(file);
  }
}
