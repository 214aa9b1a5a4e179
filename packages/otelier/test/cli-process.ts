import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
/** The built command. */
export const bin: string = join(root, 'packages/otelier/bin/otelier.js');

/** Builds what the command runs; quick when it is built already. */
export function build(): void {
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-b', 'packages/otelier'], { cwd: root, stdio: 'pipe' });
}

/** A folder for one test's files; the compiled pipeline files of its processes go there too. */
export interface Workspace {
  readonly folder: string;
  write(name: string, text: string): string;
  remove(): void;
}

/** Makes a {@link Workspace} outside of any node_modules. */
export function workspace(): Workspace {
  const folder = mkdtempSync(join(tmpdir(), 'otelier-'));
  return {
    folder,
    write(name, text) {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** What a command that ended said. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves with the first line on standard error, from `from` on, that holds `text`; rejects when the process ends without. */
  line(text: string): Promise<string>;
  readonly stderr: string;
  readonly stdout: string;
}

/** Starts the built command as its own process; `standardError`: the descriptor of a file instead of what {@link Running.stderr} reads. */
export function start(
  args: readonly string[],
  { folder }: { folder: string },
  env: Record<string, string> = {},
  standardError: 'pipe' | number = 'pipe',
): Running {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      XDG_CACHE_HOME: join(dirname(folder), 'otelier-test-cache'),
      NO_COLOR: '1',
      ...env,
    },
    stdio: ['ignore', 'pipe', standardError],
  });
  let stdout = '';
  let stderr = '';
  let read = 0;
  let wake = (): void => {};
  child.stdout!.on('data', (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk;
    wake();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stdout, stderr });
      wake();
    });
  });
  const line = async (text: string): Promise<string> => {
    for (;;) {
      const end = stderr.indexOf('\n', read);
      if (end >= 0) {
        const found = stderr.slice(read, end);
        read = end + 1;
        if (found.includes(text)) return found;
      } else if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`the command ended (${child.exitCode}) before it said '${text}':\n${stderr}`);
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  };
  return {
    child,
    ended,
    line,
    get stderr() {
      return stderr;
    },
    get stdout() {
      return stdout;
    },
  };
}

/** Runs the built command to its end. */
export function finish(
  args: readonly string[],
  at: { folder: string },
  env: Record<string, string> = {},
): Promise<Ended> {
  return start(args, at, env).ended;
}
