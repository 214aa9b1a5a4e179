import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cache = fileURLToPath(new URL('../../../node_modules/.cache/otelier-backends/', import.meta.url));
const module = 'github.com/VictoriaMetrics/VictoriaMetrics';

/** A program that can be run, or why there is none. */
export type Program = { readonly path: string; readonly from: string } | { readonly missing: string };

/** Where a program is on the PATH. */
export function installed(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/**
 * Finds a program of a Debian package: on the PATH, or unpacked from the package into node_modules/.cache. Nothing is installed, so no
 * service starts and no root is needed.
 */
export async function debianProgram(name: string, from: string): Promise<Program> {
  const there = installed(name);
  if (there !== undefined) return { path: there, from: `the installed ${name}` };
  const unpacked = join(cache, from);
  const path = join(unpacked, 'usr/bin', name);
  if (!existsSync(path)) {
    try {
      await unpack(from, unpacked);
    } catch (error) {
      return { missing: `${name} is not installed, and Debian's package ${from} cannot be had: ${reason(error)}` };
    }
  }
  return existsSync(path) ? { path, from: `Debian's ${from}` } : { missing: `the package ${from} has no ${name}` };
}

async function unpack(name: string, into: string): Promise<void> {
  mkdirSync(into, { recursive: true });
  const download = () => run('apt-get', ['download', name], { cwd: into });
  await download().catch(async () => {
    await run('apt-get', ['update']);
    await download();
  });
  const file = readdirSync(into).find((each) => each.endsWith('.deb'));
  if (file === undefined) throw new Error('apt-get downloaded nothing');
  await run('dpkg-deb', ['-x', file, '.'], { cwd: into });
}

/** Builds the newest VictoriaMetrics that the installed Go can build from its module, once. */
export async function newestVictoriaMetrics(say: (text: string) => void): Promise<Program> {
  let versions: string[];
  try {
    const { stdout } = await run('go', ['list', '-m', '-versions', module], { cwd: '/', maxBuffer: 2 ** 24 });
    versions = stdout.trim().split(' ').slice(1).reverse();
  } catch (error) {
    return { missing: `the newest VictoriaMetrics needs Go and its module proxy: ${reason(error)}` };
  }
  let last = '';
  for (const version of versions.filter((each) => /^v\d+\.\d+\.\d+$/.test(each)).slice(0, 12)) {
    const folder = join(cache, `victoria-metrics-${version}`);
    const path = join(folder, 'victoria-metrics');
    const from = `the Go module, ${version}`;
    if (existsSync(path)) return { path, from };
    say(`trying to build VictoriaMetrics ${version} from its Go module`);
    // Without cgo no C compiler is needed; the toolchain is the one that is there.
    const env = { ...process.env, GOBIN: `${folder}.new`, CGO_ENABLED: '0', GOTOOLCHAIN: 'local' };
    try {
      await run('go', ['install', `${module}/app/victoria-metrics@${version}`], { cwd: '/', env, maxBuffer: 2 ** 24 });
      renameSync(`${folder}.new`, folder);
      return { path, from };
    } catch (error) {
      last = reason(error);
      // An older one may do with this Go; anything else is a failure that must be seen.
      if (!last.includes('requires go')) break;
    }
  }
  return { missing: `the newest VictoriaMetrics could not be built: ${last}` };
}

function reason(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  return (stderr?.trim() || message).split('\n').at(-1)!;
}
