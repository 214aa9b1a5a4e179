import { open } from 'node:fs/promises';

/** How much of a file's end is read. */
const tailBytes = 4 * 1024 * 1024;
const pauseMs = 50;

/** Waits until a text stands in one of the last lines of a file; false when it does not within the time. */
export async function findInFile(path: string, text: string, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  for (;;) {
    if ((await tail(path)).includes(text)) return true;
    if (performance.now() >= until) return false;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

async function tail(path: string): Promise<string> {
  try {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      const from = Math.max(0, size - tailBytes);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
      return buffer.toString('latin1', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    // Not there yet, or not for us: the same as not found.
    return '';
  }
}
