import { ConfigError, type Host, PipelineError, revealed } from '@otelier/core';
import { type HeaderSource, type Headers, headerMistake, type SecretHeaders } from './headers.js';
import { HeadersHelper } from './headers-helper.js';

/** What making headers needs of its surroundings. */
export type HeaderHost = Pick<Host, 'clock' | 'logger'>;

/** What a {@link HeaderSession} is told of an answer: whether it says that the credentials are missing, or wrong. */
export type Denial = 'unauthenticated' | 'forbidden';

/** The headers of one request: those for the first try, and others for the only second one. */
export class HeaderSession {
  private readonly source: HeaderSource;
  private readonly target: string;
  private readonly host: HeaderHost;
  private used: Headers | undefined;

  constructor(source: HeaderSource, target: string, host: HeaderHost) {
    this.source = source;
    this.target = target;
    this.host = host;
  }

  /** @throws {PipelineError} `unavailable` when headers cannot be made, without the reason's message: it may quote a secret. */
  async first(): Promise<Headers> {
    const { source, target, host } = this;
    if (source instanceof HeadersHelper) {
      try {
        this.used = await source.current(host.clock, host.logger);
      } catch {
        // Without the cause, which is logged where errors are: its message may quote a secret.
        throw new PipelineError('unavailable', `${target}: no headers (${source.shown})`);
      }
      return this.used;
    }
    return typeof source === 'function' ? made(source, target) : plain(source, target);
  }

  /** Headers for another try after a refusal; undefined when there can be no others. Asked once. */
  async another(denial: Denial): Promise<Headers | undefined> {
    const { source, target, host } = this;
    if (source instanceof HeadersHelper && this.used !== undefined) {
      try {
        return await source.after(this.used, host.clock, host.logger);
      } catch {
        // What the backend has said tells more than that.
        return undefined;
      }
    }
    // A token may have run out since it was made; the function that made it can make another.
    return typeof source === 'function' && denial === 'unauthenticated' ? made(source, target) : undefined;
  }
}

/**
 * Finds out at the start what would fail every request.
 *
 * @throws {ConfigError} for an environment variable without a value, which no time will give it. A file may come later, so that it is a warning only.
 */
export function checkHeaders(source: HeaderSource, logger: Host['logger']): void {
  if (typeof source === 'function' || source instanceof HeadersHelper) return;
  for (const [header, value] of Object.entries(source)) {
    try {
      revealed(value);
    } catch (error) {
      if (!(error instanceof ConfigError) || error.path.startsWith('secret.env(')) throw error;
      logger.warn({ header, err: error }, 'a header has no value yet: nothing is sent until it has');
    }
  }
}

function plain(source: SecretHeaders, target: string): Headers {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(source)) {
    try {
      headers[name] = revealed(value);
    } catch (error) {
      throw new PipelineError('unavailable', `${target}: the header ${name} has no value (${value})`, { cause: error });
    }
  }
  const mistake = headerMistake(headers);
  if (mistake === undefined) return headers;
  throw new PipelineError('internal', `${target}: expected for the header ${mistake.name} ${mistake.expected}`);
}

async function made(source: () => Headers | Promise<Headers>, target: string): Promise<Headers> {
  let headers: Headers;
  try {
    headers = await source();
  } catch (error) {
    const kind = error instanceof Error ? error.name : typeof error;
    throw new PipelineError('unavailable', `${target}: the headers function failed (${kind})`);
  }
  const mistake = typeof headers === 'object' && headers !== null ? headerMistake(headers) : undefined;
  if (typeof headers !== 'object' || headers === null || mistake !== undefined) {
    const what = mistake === undefined ? 'an object' : `for ${mistake.name} ${mistake.expected}`;
    throw new PipelineError('internal', `${target}: expected of the headers function ${what}`);
  }
  return headers;
}
