import { type ChildProcess, spawn } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../../packages/otelier/bin/otelier.js', import.meta.url));

/** An `otelier run` that can be killed and started again. */
export class Victim {
  private child: ChildProcess | undefined;
  private gone: Promise<void> = Promise.resolve();
  private readonly folder: string;
  private readonly config: string;
  /** The last of what it said, for a failure's message. */
  private said: string[] = [];
  /** What it said of damage to its store, over all starts: there must not be any. */
  readonly damage: string[] = [];

  constructor(folder: string, config: string) {
    this.folder = folder;
    this.config = config;
  }

  /** Resolves when it answers. @throws {Error} with what it said, when it ends instead. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [bin, 'run', '--json', this.config], {
      cwd: this.folder,
      env: { PATH: process.env.PATH, HOME: this.folder },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.child = child;
    this.gone = new Promise((resolve) => child.once('exit', () => resolve()));
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stderr! }).on('line', (line) => {
        this.said = [...this.said.slice(-20), line];
        if (line.includes('damaged')) this.damage.push(line);
        if (line.includes('"ready"')) resolve();
      });
      void this.gone.then(() => reject(new Error(`otelier run ended:\n${this.said.join('\n')}`)));
    });
  }

  /** As the kernel does when memory runs out: no handler runs, nothing is flushed. */
  async kill(): Promise<void> {
    this.child?.kill('SIGKILL');
    await this.gone;
  }

  /** Asks it to leave and resolves with its exit code. */
  async stop(): Promise<number | null> {
    this.child?.kill('SIGTERM');
    await this.gone;
    return this.child?.exitCode ?? null;
  }
}

/** A port of loopback that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
