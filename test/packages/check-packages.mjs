// Packs every public package and checks the tarball as its users will see it: publint for the manifest, arethetypeswrong for the types.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const out = mkdtempSync(join(tmpdir(), 'otelier-pack-'));
let failed = 0;

try {
  for (const name of readdirSync(join(root, 'packages'))) {
    const dir = join(root, 'packages', name);
    const manifest = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
    if (manifest.private) continue;
    const [packed] = JSON.parse(
      execFileSync('npm', ['pack', '--json', '--pack-destination', out], {
        cwd: dir,
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    );
    const tarball = join(out, packed.filename);
    const strays = packed.files
      .map((file) => file.path)
      .filter((path) => /\.(test|bench|test-d)\.|tsbuildinfo$/.test(path));
    const problems = strays.map((path) => `ships ${path}`);
    // Every dependency of the workspace is ESM only, and so are we.
    for (const [tool, args] of [
      ['publint', ['run', '--strict', tarball]],
      ['attw', ['--profile', 'esm-only', '--no-emoji', '--no-color', tarball]],
    ]) {
      try {
        execFileSync(join(root, 'node_modules/.bin', tool), args, { cwd: root, stdio: 'pipe' });
      } catch (error) {
        problems.push(`${tool}:\n${error.stdout}${error.stderr}`);
      }
    }
    console.log(
      `${problems.length === 0 ? 'ok  ' : 'FAIL'} ${manifest.name} (${packed.files.length} files, ${Math.round(packed.size / 1024)} KiB)`,
    );
    for (const problem of problems) console.log(problem);
    failed += problems.length;
  }
} finally {
  rmSync(out, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;
