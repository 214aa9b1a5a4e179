import { readFileSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A place in a file; lines and columns count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

const place = /(file:\/\/\/[^\s()]+?|(?:[A-Za-z]:)?[\\/][^\s():]+(?:[^():\n]*[^():\s])?)(?:\?[^:\s]*)?:(\d+):(\d+)/;

/**
 * Finds where in one of `files` an error arose: the innermost stack frame that lies in one of them, or the place that a
 * parser wrote into its message.
 */
export function positionOf(error: unknown, files: readonly string[]): Position | undefined {
  if (!(error instanceof Error)) return undefined;
  const wanted = new Set(files.flatMap((file) => [file, real(file)]));
  let inner = '';
  for (const line of `${error.stack ?? ''}\n${error.message}`.split('\n')) {
    const match = place.exec(line);
    if (match !== null) {
      const [, name = '', row, column] = match;
      const file = name.startsWith('file:') ? fileURLToPath(name) : name.trim();
      if (wanted.has(file))
        return { file, line: Number(row), column: columnOf(file, Number(row), inner) ?? Number(column) };
    }
    inner = line;
  }
  return undefined;
}

/**
 * Where the line calls the function whose frame lies just inside. A loader that rewrites the file keeps its lines but
 * not its columns.
 */
function columnOf(file: string, line: number, inner: string): number | undefined {
  const called = /^\s*at (?:async )?(?:\w+\.)*(\w+) /.exec(inner)?.[1];
  if (called === undefined) return undefined;
  const text = readFileSync(file, 'utf8').split('\n')[line - 1] ?? '';
  const found = text.search(new RegExp(`\\b${called}\\s*[(<]`));
  return found < 0 ? undefined : found + 1;
}

function real(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}
