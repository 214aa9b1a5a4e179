import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** One of our scripts in a process of its own, which is asked questions. */
export class Child {
  private readonly child: ChildProcess;
  private readonly name: string;
  /** What it said when it was ready. */
  readonly ready: unknown;

  private constructor(child: ChildProcess, name: string, ready: unknown) {
    this.child = child;
    this.name = name;
    this.ready = ready;
  }

  /** Starts a script of this folder with options; resolves with what it says first. */
  static async start(name: string, options: object): Promise<Child> {
    const child = fork(fileURLToPath(new URL(name, import.meta.url)), [JSON.stringify(options)], {
      execArgv: name.endsWith('.ts') ? ['--import', 'jiti/register'] : [],
      // Buffers and large numbers of counts go as they are.
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    return new Child(child, name, await answerOf(child, name));
  }

  /** @param question - what the script knows how to answer. */
  async ask<T>(question: object): Promise<T> {
    const answer = answerOf(this.child, this.name);
    this.child.send(question);
    return (await answer) as T;
  }

  /** Has all of its threads run on one core; false where that cannot be had. */
  pin(core: number): boolean {
    return spawnSync('taskset', ['-acp', String(core), String(this.child.pid)]).status === 0;
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}

async function answerOf(child: ChildProcess, name: string): Promise<unknown> {
  const left = new AbortController();
  try {
    const signal = left.signal;
    const [answer] = await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(([code, how]) => {
        throw new Error(`${name} ended with ${how ?? code}`);
      }),
    ]);
    return answer;
  } finally {
    left.abort();
  }
}

/** The other side, in the script: its options, and answers to questions, one at a time. */
export function options<T>(): T {
  return JSON.parse(process.argv[2] ?? '{}') as T;
}

export function answer<Q>(ready: object, reply: (question: Q) => unknown): void {
  process.on('message', async (question) => {
    process.send?.((await reply(question as Q)) ?? {});
  });
  process.on('disconnect', () => process.exit());
  process.send?.(ready);
}
