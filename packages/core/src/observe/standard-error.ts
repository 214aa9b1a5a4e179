import { writeSync } from 'node:fs';

const pauseMs = 5;
const mostPauses = 200;

/**
 * Writes to standard error, and goes on without when nobody takes it: the reader of the pipe has gone, or the disk of the log file is full.
 *
 * `process.stderr` reports that as an error that ends the process, or that ends every later line: what is told about data must never cost data.
 */
export function writeToStandardError(text: string): void {
  const bytes = Buffer.from(text);
  let pauses = 0;
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(2, bytes, at);
    } catch (error) {
      // Whoever shares the pipe may have made it one that does not wait: its reader gets a moment.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || ++pauses > mostPauses) return;
      Atomics.wait(sleeper, 0, 0, pauseMs);
    }
  }
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));
