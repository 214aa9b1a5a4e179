import { type AnyBatch, type Flow, type PemFiles, PipelineError } from '@otelier/core';
import type { PartialSuccess } from '@otelier/otlp';
import type { Pool } from 'undici';
import { compress } from './compress.js';
import { HeaderSession } from './header-session.js';
import type { Headers } from './headers.js';
import { type HttpAnswer, readAnswer } from './http-answer.js';
import { followTls } from './tls.js';
import { attempt, maxAnswerBytes, orAborted, type Transport, type TransportOptions, userAgent } from './transport.js';

// Longer than the pause between two requests of Claude Code (5 s), shorter than the patience of common load balancers (60 s).
const keepAliveTimeout = 30_000;

/** Opens OTLP over HTTP/1.1: one keep-alive pool per endpoint. */
export async function openHttp(options: TransportOptions): Promise<Transport> {
  const { endpoint, settings, host } = options;
  const { Pool } = await import('undici');
  const open = (tls: PemFiles<Buffer>): Pool =>
    new Pool(endpoint.url.origin, {
      connections: settings.connections,
      keepAliveTimeout,
      maxResponseSize: maxAnswerBytes,
      // One clock rules an attempt: ours.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: settings.timeoutMs, ...(tls as { readonly [K in keyof typeof tls]?: Buffer }) },
    });
  let transport: HttpTransport | undefined;
  const tls = await followTls(settings.tls, host, (pem) => transport?.replacePool(open(pem)));
  transport = new HttpTransport(open(tls.pem), options, tls.stop);
  return transport;
}

class HttpTransport implements Transport {
  declare private pool: Pool;
  /** Pools under certificates that were replaced, while requests are under way in them. */
  declare private readonly retired: Set<Pool>;
  declare private readonly stopFollowing: () => void;
  declare private readonly options: TransportOptions;
  declare private readonly path: string;
  declare private readonly contentType: string;

  constructor(pool: Pool, options: TransportOptions, stopFollowing: () => void) {
    this.pool = pool;
    this.retired = new Set();
    this.stopFollowing = stopFollowing;
    this.options = options;
    this.path = options.endpoint.url.pathname + options.endpoint.url.search;
    this.contentType = options.settings.protocol === 'http/json' ? 'application/json' : 'application/x-protobuf';
  }

  /** What is sent from now on goes by this pool; what is under way is not disturbed. */
  replacePool(pool: Pool): void {
    const old = this.pool;
    this.pool = pool;
    this.retired.add(old);
    void old.close().finally(() => this.retired.delete(old));
  }

  async send(batch: AnyBatch, flow: Flow): Promise<PartialSuccess | undefined> {
    const { endpoint, settings, signal, host } = this.options;
    const target = endpoint.label;
    const body = await this.body(batch);
    const limits = { flow, timeoutMs: settings.timeoutMs, clock: host.clock, target };
    const answer = await attempt(limits, async (aborted) => {
      const via = this.options.via(flow);
      const session = new HeaderSession(settings.headers, target, host);
      const post = (headers: Headers) => this.post(body, { ...headers, ...via }, aborted);
      const first = await post(await orAborted(session.first(), aborted));
      if (first.status !== 401 && first.status !== 403) return first;
      const denial = first.status === 401 ? 'unauthenticated' : 'forbidden';
      const others = await orAborted(session.another(denial), aborted);
      return others === undefined ? first : post(others);
    });
    return readAnswer(answer, signal, target, host.clock.now());
  }

  private async body(batch: AnyBatch): Promise<Uint8Array> {
    const { protocol, compression } = this.options.settings;
    if (protocol === 'http/json') {
      const text = Buffer.from(batch.toJson());
      return compression === 'none' ? text : compress(text, compression);
    }
    const bytes = batch.bytes();
    if (compression === 'none') return bytes;
    const ready = batch.compressed;
    return ready?.encoding === compression ? ready.bytes : compress(bytes, compression);
  }

  private async post(body: Uint8Array, extra: Headers, signal: AbortSignal): Promise<HttpAnswer> {
    const { compression } = this.options.settings;
    const headers: Record<string, string> = { 'user-agent': userAgent, ...extra, 'content-type': this.contentType };
    if (compression !== 'none') headers['content-encoding'] = compression;
    try {
      const answer = await this.pool.request({ method: 'POST', path: this.path, headers, body, signal });
      const bytes = Buffer.from(await answer.body.arrayBuffer());
      return {
        status: answer.statusCode,
        contentType: text(answer.headers['content-type']).toLowerCase(),
        retryAfter: text(answer.headers['retry-after']),
        body: bytes,
      };
    } catch (error) {
      throw this.failure(error);
    }
  }

  private failure(error: unknown): PipelineError {
    const target = this.options.endpoint.label;
    const code = errorCode(error);
    if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
      return new PipelineError('rejected', `${target} answered with more than ${maxAnswerBytes} bytes`, {
        cause: error,
      });
    }
    return new PipelineError('unavailable', `${target}: no answer (${code})`, { cause: error });
  }

  async close(): Promise<void> {
    this.stopFollowing();
    await Promise.all([this.pool, ...this.retired].map((pool) => pool.destroy()));
  }
}

function text(header: string | string[] | undefined): string {
  return (Array.isArray(header) ? header[0] : header) ?? '';
}

/** A code such as ECONNREFUSED; never the message, which may quote what was sent. */
function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
