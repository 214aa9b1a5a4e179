/** One line of a file. */
export interface Line {
  /** Counted from 1. */
  readonly number: number;
  /** Its bytes without the line break; undefined when it is longer than allowed (it is skipped, not kept). */
  readonly bytes: Buffer | undefined;
}

const newline = 0x0a;

/** Cuts a stream of chunks into lines, holding at most `maxBytes` of one line in memory. Blank lines are counted and left out. */
export async function* linesOf(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Line> {
  let number = 0;
  let parts: Buffer[] = [];
  let size = 0;
  const line = (): Line | undefined => {
    number++;
    const bytes = size > maxBytes ? undefined : Buffer.concat(parts, size);
    parts = [];
    size = 0;
    return bytes !== undefined && isBlank(bytes) ? undefined : { number, bytes };
  };
  for await (const chunk of chunks) {
    let from = 0;
    while (from < chunk.length) {
      const found = chunk.indexOf(newline, from);
      const to = found === -1 ? chunk.length : found;
      size += to - from;
      if (size <= maxBytes) parts.push(chunk.subarray(from, to));
      else parts = [];
      if (found === -1) break;
      from = found + 1;
      const whole = line();
      if (whole !== undefined) yield whole;
    }
  }
  if (size === 0) return;
  const last = line();
  if (last !== undefined) yield last;
}

function isBlank(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
  return true;
}
