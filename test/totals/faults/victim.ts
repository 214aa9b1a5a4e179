import { type ChildProcess, spawn } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../../packages/otelier/bin/otelier.js', import.meta.url));

/** How a {@link Victim} is started. */
export interface StartOptions {
  /** For `otelier run`. */
  readonly flags?: readonly string[];
  /** For Node. */
  readonly nodeOptions?: string;
  /** Largest file that it may write, in the shell's blocks: beyond it a write fails as on a full disk. */
  readonly fileBlocks?: number;
  /** Descriptors that it may have: files and connections together. */
  readonly descriptors?: number;
}

/** An `otelier run` that can be killed and started again. */
export class Victim {
  private child: ChildProcess | undefined;
  private gone: Promise<void> = Promise.resolve();
  private readonly folder: string;
  private readonly config: string;
  /** The last of what it said, for a failure's message. */
  private said: string[] = [];
  private readonly hearing: Set<(line: string) => void> = new Set();
  private expected = true;
  /** What it said of damage to its store, over all starts. */
  readonly damage: string[] = [];
  /** Its last words, for each time that it ended without having been asked to. */
  readonly deaths: string[] = [];

  constructor(folder: string, config: string) {
    this.folder = folder;
    this.config = config;
  }

  /** Whether the process is there. */
  get runs(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Resolves when it answers. @throws {Error} with what it said, when it ends instead. */
  async start({ flags = [], nodeOptions, fileBlocks, descriptors }: StartOptions = {}): Promise<void> {
    const command = [process.execPath, bin, 'run', '--json', ...flags, this.config];
    const limits = [
      ...(fileBlocks === undefined ? [] : [`ulimit -f ${fileBlocks}`]),
      ...(descriptors === undefined ? [] : [`ulimit -n ${descriptors}`]),
    ];
    const limited = limits.length === 0 ? [] : ['sh', '-c', `${limits.join(' && ')} && exec "$0" "$@"`];
    const [program, ...rest] = [...limited, ...command];
    const child = spawn(program!, rest, {
      cwd: this.folder,
      env: {
        PATH: process.env.PATH,
        HOME: this.folder,
        ...(nodeOptions !== undefined && { NODE_OPTIONS: nodeOptions }),
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.child = child;
    this.expected = false;
    this.gone = new Promise((resolve) => {
      // Not at 'exit': what it said last may still be on its way.
      child.once('close', (code, signal) => {
        if (!this.expected) this.deaths.push(`ended with ${signal ?? code}:\n${this.said.join('\n')}`);
        resolve();
      });
    });
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stderr! }).on('line', (line) => {
        this.said = [...this.said.slice(-20), line];
        if (line.includes('damaged')) this.damage.push(line);
        if (line.includes('"ready"')) resolve();
        for (const hear of this.hearing) hear(line);
      });
      void this.gone.then(() => reject(new Error(`otelier run ended:\n${this.said.join('\n')}`)));
    });
  }

  /** Resolves with the next line that has this in it. @throws {Error} with what it said, when it ends instead. */
  async says(text: string): Promise<string> {
    let hear = (_line: string): void => {};
    try {
      return await new Promise<string>((resolve, reject) => {
        hear = (line) => {
          if (line.includes(text)) resolve(line);
        };
        this.hearing.add(hear);
        void this.gone.then(() => reject(new Error(`otelier run ended:\n${this.said.join('\n')}`)));
      });
    } finally {
      this.hearing.delete(hear);
    }
  }

  /** As the kernel does when memory runs out: no handler runs, nothing is flushed. Resolves with false when it had ended before. */
  async kill(): Promise<boolean> {
    this.expected = true;
    this.child?.kill('SIGKILL');
    await this.gone;
    return this.child?.signalCode === 'SIGKILL';
  }

  /** Asks it to leave, and does not wait until it has. */
  ask(): void {
    this.expected = true;
    this.child?.kill('SIGTERM');
  }

  /** Asks it to leave and resolves with its exit code. */
  async stop(): Promise<number | null> {
    this.ask();
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
