import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { definePipelines, type PipelinesConfig } from '@otelier/core';
import { ConfigFileError } from './config-file-error.js';
import { positionOf } from './position.js';
import { type SourceFiles, sourceFiles } from './source-files.js';

/** A pipeline file that was loaded and checked. */
export interface LoadedConfig {
  /** Absolute path. */
  readonly file: string;
  readonly config: PipelinesConfig;
  /** The file and everything it imports by a relative path, as it was just before it was loaded. */
  readonly source: SourceFiles;
}

/**
 * Loads a pipeline file and checks it; loading it again sees what changed on disk.
 *
 * Its imports of Otelier resolve to this installation, wherever the file lies.
 *
 * @throws {ConfigFileError} naming file, line and column.
 */
export async function loadConfig(path: string): Promise<LoadedConfig> {
  const file = resolve(path);
  if (!existsSync(file))
    throw new ConfigFileError(
      file,
      undefined,
      'expected a pipeline file, but there is no such file (otelier run <file> names another)',
    );
  const source = sourceFiles(file);
  try {
    const loaded = importsNatively(file, source) ? await importNative(file) : await importWithJiti(file, source);
    if (!('default' in loaded))
      throw new Error("expected 'export default definePipelines({ … })', found no default export");
    return { file, config: check(await loaded.default), source };
  } catch (error) {
    throw new ConfigFileError(file, positionOf(error, source.files), messageOf(error), { cause: error });
  }
}

type Loaded = Readonly<Record<string, unknown>>;

/** Whether Node can import the file by itself, gets our instance of Otelier then, and would see every change of it. */
function importsNatively(file: string, { files, otelier }: SourceFiles): boolean {
  const isTypeScript = extname(file).includes('ts');
  // Not in the types of Node 20, where it is undefined.
  if (isTypeScript && !(process.features as { typescript?: unknown }).typescript) return false;
  if (files.length > 1) return false;
  const require = createRequire(file);
  try {
    return otelier.every((name) => pathToFileURL(require.resolve(name)).href === import.meta.resolve(name));
  } catch {
    return false;
  }
}

let loads = 0;

async function importNative(file: string): Promise<Loaded> {
  try {
    return (await import(`${pathToFileURL(file).href}?load=${++loads}`)) as Loaded;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') throw error;
    return importWithJiti(file, sourceFiles(file));
  }
}

async function importWithJiti(file: string, { files, otelier }: SourceFiles): Promise<Loaded> {
  const [{ cacheFolder }, virtualModules] = await Promise.all([import('./cache-folder.js'), ownModules(otelier)]);
  // Loading a CommonJS package with require is twice as fast as with import, which parses it for its exports first.
  const { createJiti } = createRequire(import.meta.url)('jiti') as typeof import('jiti');
  const fsCache = cacheFolder() ?? false;
  const jiti = createJiti(pathToFileURL(file).href, { fsCache, interopDefault: false, virtualModules });
  for (const each of files) delete jiti.cache[each];
  return await jiti.import<Loaded>(file);
}

/** The modules of this installation under the names by which the file imports them. */
async function ownModules(names: readonly string[]): Promise<Record<string, unknown>> {
  const modules: Record<string, unknown> = {};
  for (const name of names) modules[name] = await import(name === 'otelier' ? '../index.js' : name);
  return modules;
}

function check(config: unknown): PipelinesConfig {
  if (typeof config !== 'object' || config === null) {
    throw new Error(
      `expected the default export to be definePipelines({ … }), found ${config === null ? 'null' : typeof config}`,
    );
  }
  return definePipelines(config as PipelinesConfig);
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  // Parsers and resolvers go on with paths, after the sentence that says what is wrong.
  const [sentence = message] = message.split(/\s*\n\s*(?:\/|[A-Z]:\\|Require stack:|at )/);
  return sentence.replace(/\.$/, '').trim();
}

/** The installed `otelier` package's own folder, for messages. */
export const packageFolder: string = fileURLToPath(new URL('../../', import.meta.url));
