import type { ExecFileException } from 'node:child_process';
import { type Clock, type Duration, duration, type Logger, parseOptions } from '@otelier/core';
import * as v from 'valibot';
import { type Headers, headerMistake } from './headers.js';

/** Options of {@link headersHelper}. */
export interface HeadersHelperOptions {
  /** For how long headers are used before they are made anew. Default `29m`. */
  readonly refresh?: Duration;
  /** How long making them may take. Default `30s`. */
  readonly timeout?: Duration;
}

/** After a failure the headers before are used for this long without another attempt, in milliseconds. */
const pauseMs = 60_000;

/** Makes headers now. @throws any error; its message is never shown. */
type Make = (timeoutMs: number) => Promise<unknown>;

const schema = v.strictObject({
  refresh: v.optional(duration(), '29m'),
  timeout: v.optional(duration(), '30s'),
});

/**
 * Headers from a script or a function, by the contract of Claude Code's `otelHeadersHelper`: it is run before the first request, again when
 * its headers are older than `refresh`, and once after an answer that says that they are not accepted (401, 403).
 *
 * A script prints a JSON object of texts, such as `{"Authorization": "Bearer …"}`. It is run without a shell, one at a time. What it prints
 * is never logged. While it fails, the headers before are used as long as the backend takes them.
 *
 * @throws {ConfigError} when an option is wrong.
 */
export function headersHelper(
  source: string | (() => Headers | Promise<Headers>),
  options: HeadersHelperOptions = {},
): HeadersHelper {
  const { refresh, timeout } = parseOptions('headersHelper', schema, options);
  parseOptions('headersHelper', v.union([v.pipe(v.string(), v.minLength(1, "a script's path")), v.function()]), source);
  const make: Make = typeof source === 'string' ? (ms) => fromScript(source, ms) : async () => source();
  return new HeadersHelper(make, typeof source === 'string' ? `from ${source}` : 'from a function', refresh, timeout);
}

/** Headers that are made when they are needed, and kept for a while; see {@link headersHelper}. */
export class HeadersHelper {
  /** Where the headers are from, for printing. */
  readonly shown: string;
  private readonly make: Make;
  private readonly refreshMs: number;
  private readonly timeoutMs: number;
  private headers: Headers | undefined;
  /** When to make them anew, in milliseconds since 1970. */
  private dueAt = 0;
  private making: Promise<Headers> | undefined;

  /** @internal */
  constructor(make: Make, shown: string, refreshMs: number, timeoutMs: number) {
    this.make = make;
    this.shown = shown;
    this.refreshMs = refreshMs;
    this.timeoutMs = timeoutMs;
  }

  /** The headers for the next request. @throws when there are none yet and none can be made. */
  current(clock: Clock, logger: Logger): Promise<Headers> | Headers {
    const { headers } = this;
    if (headers !== undefined && clock.now() < this.dueAt) return headers;
    return this.renew(clock, logger).catch((error: unknown) => {
      if (headers === undefined) throw error;
      return headers;
    });
  }

  /** Others than `refused`, which the backend did not accept. @throws when they cannot be made. */
  after(refused: Headers, clock: Clock, logger: Logger): Promise<Headers> | Headers {
    // Of many requests that were refused together the first has made new ones.
    if (this.headers !== undefined && this.headers !== refused) return this.headers;
    return this.renew(clock, logger);
  }

  private renew(clock: Clock, logger: Logger): Promise<Headers> {
    this.making ??= this.run(clock)
      .catch((error: unknown) => {
        logger.warn({ reason: reasonOf(error) }, `headers cannot be made (${this.shown})`);
        this.dueAt = clock.now() + Math.min(this.refreshMs, pauseMs);
        throw error;
      })
      .finally(() => {
        this.making = undefined;
      });
    return this.making;
  }

  private async run(clock: Clock): Promise<Headers> {
    let cancel = (): void => {};
    const late = new Promise<never>((_, reject) => {
      cancel = clock.after(this.timeoutMs, () => reject(new HelperError('it took too long')));
    });
    try {
      const made = checked(await Promise.race([this.make(this.timeoutMs), late]));
      this.headers = made;
      this.dueAt = clock.now() + this.refreshMs;
      return made;
    } finally {
      cancel();
    }
  }
}

/** An error whose message holds nothing that a helper has said. */
class HelperError extends Error {}

function reasonOf(error: unknown): string {
  if (error instanceof HelperError) return error.message;
  return error instanceof Error ? error.name : typeof error;
}

function checked(made: unknown): Headers {
  if (typeof made !== 'object' || made === null || Array.isArray(made))
    throw new HelperError('it did not give an object of headers');
  const mistake = headerMistake(made as Headers);
  if (mistake !== undefined) throw new HelperError(`of its header ${mistake.name} was expected ${mistake.expected}`);
  return { ...made } as Headers;
}

async function fromScript(path: string, timeoutMs: number): Promise<unknown> {
  const { execFile } = await import('node:child_process');
  const printed = await new Promise<string>((resolve, reject) => {
    const limits = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 64 * 1024, windowsHide: true } as const;
    const child = execFile(path, [], limits, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(new HelperError(failureOf(error)));
    });
    child.stdin?.end();
  });
  try {
    return JSON.parse(printed);
  } catch {
    // The message of a SyntaxError quotes the text.
    throw new HelperError('it did not print JSON');
  }
}

function failureOf(error: ExecFileException): string {
  if (error.killed === true) return 'it took too long, or printed too much';
  return typeof error.code === 'string' ? `it cannot be run (${error.code})` : `it ended with code ${error.code}`;
}
