import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What a process used since it was last asked. */
export interface Usage {
  readonly cpuUs: number;
  readonly rssMiB: number;
  /** Whatever the process counts: requests taken, records delivered. */
  readonly count: number;
}

/** A child process that serves something and tells what it used. */
export class ServerProcess {
  private readonly child: ChildProcess;
  readonly port: number;

  private constructor(child: ChildProcess, port: number) {
    this.child = child;
    this.port = port;
  }

  /** Starts `load/<name>.js`; resolves when it listens. */
  static async start(name: string, args: readonly string[] = []): Promise<ServerProcess> {
    const child = fork(fileURLToPath(new URL(`./${name}.js`, import.meta.url)), args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const [message] = await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => {
        throw new Error(`${name} ended before it listened`);
      }),
    ]);
    return new ServerProcess(child, (message as { port: number }).port);
  }

  /** CPU time, memory and count since the last call. */
  async usage(): Promise<Usage> {
    this.child.send('usage');
    const [usage] = await once(this.child, 'message');
    return usage as Usage;
  }

  end(): void {
    this.child.kill('SIGKILL');
  }
}

/** The other side, in the child: says where it listens and answers questions about usage. */
export function serve(port: number, count: () => number): void {
  let cpu = process.cpuUsage();
  let counted = 0;
  process.on('message', () => {
    const { user, system } = process.cpuUsage(cpu);
    cpu = process.cpuUsage();
    const now = count();
    process.send?.({ cpuUs: user + system, rssMiB: process.memoryUsage.rss() / 1024 ** 2, count: now - counted });
    counted = now;
  });
  process.send?.({ port });
}
