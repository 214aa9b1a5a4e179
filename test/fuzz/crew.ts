import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Report, Task } from './worker.js';

/** What became of a task: the worker's result, or why there is none. */
export interface Outcome {
  readonly task: Task;
  readonly result: Extract<Report, { result: unknown }>['result'] | undefined;
  /** A crash, or a hang; empty when there was none. */
  readonly failure: string;
  readonly peakRss: number;
}

/** A worker that says nothing for so long sits on one input: it says something every few thousand. */
const hangMs = 120_000;
const register = new URL('./typescript/register.mjs', import.meta.url).href;
const worker = fileURLToPath(new URL('./worker.ts', import.meta.url));
/** Old space of a worker, in MiB: a leak ends the run. */
const heapMiB = 256;

/** Runs one task in a process of its own, so that a crash, a hang or a leak is seen from outside. */
export function runTask(task: Task, progress: (done: number) => void): Promise<Outcome> {
  const child: ChildProcess = fork(worker, {
    execArgv: ['--import', register, `--max-old-space-size=${heapMiB}`],
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  return new Promise((resolve) => {
    let result: Outcome['result'];
    let failure = '';
    let peakRss = 0;
    let done = 0;
    let said = '';
    const hung = () => {
      failure = `hung: nothing happened for ${hangMs / 1000} s after input ${done}`;
      child.kill('SIGKILL');
    };
    let watch = setTimeout(hung, hangMs);
    child.stderr?.on('data', (chunk) => {
      said = (said + String(chunk)).slice(-2000);
    });
    child.on('message', (message) => {
      clearTimeout(watch);
      watch = setTimeout(hung, hangMs);
      const report = message as Report;
      if ('result' in report) result = report.result;
      else {
        done = report.done;
        peakRss = Math.max(peakRss, report.rss);
        progress(done);
      }
    });
    child.once('exit', (code, signal) => {
      clearTimeout(watch);
      if (failure === '' && result === undefined) failure = `ended with ${signal ?? code} after input ${done}\n${said}`;
      resolve({ task, result, failure, peakRss });
    });
    child.send(task);
  });
}

/** Runs tasks on so many processes at a time; resolves when all are done. */
export async function runAll(
  tasks: readonly Task[],
  processes: number,
  progress: (total: number) => void,
): Promise<Outcome[]> {
  const left = [...tasks];
  const done = new Map<Task, number>();
  const outcomes: Outcome[] = [];
  const one = async () => {
    for (let task = left.shift(); task !== undefined; task = left.shift()) {
      const own = task;
      outcomes.push(
        await runTask(own, (count) => {
          done.set(own, count);
          let total = 0;
          for (const each of done.values()) total += each;
          progress(total);
        }),
      );
    }
  };
  await Promise.all(Array.from({ length: processes }, one));
  return outcomes;
}
