import {
  type AnyBatch,
  type Clock,
  type Consume,
  type Host,
  type Outlets,
  PipelineError,
  type Signal,
} from '@otelier/core';
import { cannotRead, openFile } from './files.js';
import { type Line, linesOf } from './lines.js';
import { readRequest } from './request.js';
import { timeOf } from './time-of.js';

/** The receiver's options in force. */
export interface ReplaySettings {
  readonly path: readonly string[];
  readonly speed: number | 'as-fast';
  readonly onInvalid: 'skip' | 'stop';
  readonly maxLine: number;
}

const firstWaitMs = 200;
const longestWaitMs = 30_000;

/** Reads files line by line into the pipelines, one request at a time. */
export class Replay {
  declare private readonly settings: ReplaySettings;
  declare private readonly out: Outlets<Signal>;
  declare private readonly host: Host;
  declare private readonly stopped: AbortController;
  declare private readonly counts: { delivered: number; refused: number; invalid: number };
  /** Where the recording's time and ours met last. */
  declare private pace: { readonly recorded: number; readonly now: number } | undefined;

  constructor(settings: ReplaySettings, out: Outlets<Signal>, host: Host) {
    this.settings = settings;
    this.out = out;
    this.host = host;
    this.stopped = new AbortController();
    this.counts = { delivered: 0, refused: 0, invalid: 0 };
    this.pace = undefined;
  }

  /** Ends after the request that is being worked on; a request that waits for another try is given up. */
  stop(): void {
    this.stopped.abort();
  }

  /** Resolves when everything was read and settled; rejects for what `onInvalid: 'stop'` stops at, and for files that cannot be read. */
  async run(files: readonly string[]): Promise<void> {
    for (const file of files) {
      if (this.stopped.signal.aborted) break;
      await this.file(file);
    }
    this.host.logger.info({ ...this.counts }, 'replayed every request that could be read');
  }

  private async file(file: string): Promise<void> {
    try {
      for await (const line of linesOf(openFile(file), this.settings.maxLine)) {
        if (this.stopped.signal.aborted) return;
        await this.line(`${file}:${line.number}`, line);
      }
    } catch (error) {
      throw error instanceof PipelineError ? error : cannotRead(file, error);
    }
  }

  private async line(at: string, line: Line): Promise<void> {
    let batch: AnyBatch;
    try {
      batch = this.read(line);
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      if (this.settings.onInvalid === 'stop')
        throw new PipelineError('rejected', `${at}: ${textOf(error)}`, { cause: error });
      this.counts.invalid++;
      this.host.logger.warn({ at, reason: textOf(error) }, 'skipped a line that is no OTLP/JSON export request');
      return;
    }
    await this.keepPace(batch);
    await this.deliver(at, line, batch);
  }

  private read({ bytes }: Line): AnyBatch {
    if (bytes === undefined)
      throw new PipelineError('too-large', `expected a line of at most ${this.settings.maxLine} bytes`);
    return readRequest(bytes);
  }

  private async deliver(at: string, line: Line, batch: AnyBatch): Promise<void> {
    let wait = firstWaitMs;
    for (let next = batch; ; next = this.read(line)) {
      try {
        const { signal } = next;
        // The batch's class and the outlet's belong together by the signal, which the compiler cannot follow.
        const consume = this.out[signal] as Consume<AnyBatch> | undefined;
        if (consume === undefined)
          throw new PipelineError('unsupported', `no pipeline takes ${signal} from this receiver`);
        await consume(next, this.host.flow({ peer: { transport: 'file', address: at } }));
        this.counts.delivered++;
        return;
      } catch (thrown) {
        const error = PipelineError.from(thrown);
        if (!error.retryable || this.stopped.signal.aborted) {
          this.counts.refused++;
          this.host.logger.warn({ at, code: error.code, reason: textOf(error) }, 'a request was refused');
          return;
        }
        await pause(this.host.clock, error.retryAfterMs ?? wait, this.stopped.signal);
        wait = Math.min(wait * 2, longestWaitMs);
      }
    }
  }

  private async keepPace(batch: AnyBatch): Promise<void> {
    const { speed } = this.settings;
    const recorded = speed === 'as-fast' ? undefined : timeOf(batch);
    if (speed === 'as-fast' || recorded === undefined) return;
    const now = this.host.clock.now();
    if (this.pace !== undefined) {
      const due = this.pace.now + (recorded - this.pace.recorded) / speed;
      if (due > now) await pause(this.host.clock, due - now, this.stopped.signal);
    }
    this.pace ??= { recorded, now };
  }
}

function textOf(error: PipelineError): string {
  return error.message.replace(/^\[[a-z-]+\] /, '');
}

function pause(clock: Clock, ms: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stopped.aborted) return resolve();
    const cancel = clock.after(ms, () => {
      stopped.removeEventListener('abort', stop);
      resolve();
    });
    const stop = () => {
      cancel();
      resolve();
    };
    stopped.addEventListener('abort', stop, { once: true });
  });
}
