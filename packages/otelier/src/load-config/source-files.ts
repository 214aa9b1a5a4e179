import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';

/** What a pipeline file is made of, read from its text without running it. */
export interface SourceFiles {
  /** The file itself and everything it imports by a relative path, directly or not. */
  readonly files: readonly string[];
  /** The names by which these import Otelier: `otelier`, `@otelier/core`, `@otelier/processors/redact-prompts`. */
  readonly otelier: readonly string[];
  /** Another one when the content of any of the files is another. */
  readonly fingerprint: string;
}

// An import in a comment or a string is found too, and does no harm: it is watched or loaded for nothing.
const specifiers = /(?:\bfrom|\bimport)\s*\(?\s*(['"])([^'"\n]+)\1/g;

/** Follows the imports of a pipeline file. */
export function sourceFiles(file: string): SourceFiles {
  const files = new Set<string>([file]);
  const otelier = new Set<string>();
  const hash = createHash('sha256');
  for (const current of files) {
    const text = readText(current);
    hash.update(`${current}\0${text}\0`);
    for (const [, , name = ''] of text.matchAll(specifiers)) {
      if (name === 'otelier' || name.startsWith('@otelier/')) otelier.add(name);
      else if (name.startsWith('.')) for (const found of locate(resolve(dirname(current), name))) files.add(found);
    }
  }
  return { files: [...files], otelier: [...otelier], fingerprint: hash.digest('hex') };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // The loader will say what is wrong with it.
  }
}

/** TypeScript's own rule: `./x.js` may be `./x.ts` on disk. */
function locate(path: string): string[] {
  const extension = extname(path);
  const stem = path.slice(0, path.length - extension.length);
  const candidates = [path, stem + extension.replace('js', 'ts'), `${path}.ts`, `${path}.js`];
  return candidates.filter((candidate) => extname(candidate) !== '' && existsSync(candidate)).slice(0, 1);
}
