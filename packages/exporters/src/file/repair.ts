import type { FileHandle } from 'node:fs/promises';

const newline = 0x0a;
const blockBytes = 64 * 1024;
/** A longer last line is not looked at: nothing that was written whole lacks its newline. */
const maxLineBytes = 64 * 1024 * 1024;

/**
 * Makes the file end with a whole line.
 *
 * A last line without its newline is completed when it is whole JSON, as a text editor may leave it; otherwise a crash cut it short, nobody was
 * told that it had arrived, and it is removed. Answers the size of the file and how many bytes were cut.
 */
export async function repairTail(handle: FileHandle, size: number): Promise<{ size: number; cut: number }> {
  if (size === 0) return { size, cut: 0 };
  const end = await lastNewline(handle, size);
  if (end === size) return { size, cut: 0 };
  if (size - end <= maxLineBytes && (await isJson(handle, end, size))) {
    await handle.write('\n');
    return { size: size + 1, cut: 0 };
  }
  await handle.truncate(end);
  return { size: end, cut: size - end };
}

/** The offset behind the last newline; 0 when there is none. */
async function lastNewline(handle: FileHandle, size: number): Promise<number> {
  const block = Buffer.allocUnsafe(Math.min(blockBytes, size));
  for (let to = size; to > 0; ) {
    const from = Math.max(0, to - block.length);
    const { bytesRead } = await handle.read(block, 0, to - from, from);
    const at = block.subarray(0, bytesRead).lastIndexOf(newline);
    if (at >= 0) return from + at + 1;
    to = from;
  }
  return 0;
}

async function isJson(handle: FileHandle, from: number, to: number): Promise<boolean> {
  const line = Buffer.allocUnsafe(to - from);
  await handle.read(line, 0, line.length, from);
  try {
    JSON.parse(line.toString());
    return true;
  } catch {
    return false;
  }
}
