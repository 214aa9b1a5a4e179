import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Lease, type Peer, PipelineError, type Signal } from '@otelier/core';
import { fullSuccess, refusalOf, statusOf, successOf } from './answer.js';
import { type Coding, decompress } from './decompress.js';
import { HttpPeer } from './http-peer.js';
import { type HttpRefusal, routeOf } from './http-route.js';
import { comeBack, type Encoding, type Intake, notTaken, overloaded, tooLarge } from './intake.js';

const noBytes = Buffer.alloc(0);
const contentType = { protobuf: 'application/x-protobuf', json: 'application/json' } as const;

/** One request and its answer; also the `{ signal, peer }` of its flow, both made only when a component asks for them. */
export class HttpExchange {
  /** Whether a part of the request is still to come. */
  declare isReading: boolean;
  declare private readonly intake: Intake;
  declare private readonly request: IncomingMessage;
  declare private readonly response: ServerResponse;
  /** The exchanges of the same connection that are not answered yet. */
  declare private readonly open: Set<HttpExchange>;
  declare private encoding: Encoding;
  declare private isAnswered: boolean;
  declare private isAbandoned: boolean;
  declare private lease: Lease | undefined;
  declare private hasLength: boolean;
  declare private size: number;
  declare private body: Buffer;
  declare private chunks: Buffer[] | undefined;
  declare private aborter: AbortController | undefined;

  constructor(intake: Intake, request: IncomingMessage, response: ServerResponse, open: Set<HttpExchange>) {
    this.isReading = true;
    this.intake = intake;
    this.request = request;
    this.response = response;
    this.open = open;
    this.encoding = 'json';
    this.isAnswered = false;
    this.isAbandoned = false;
    this.lease = undefined;
    this.hasLength = false;
    this.size = 0;
    this.body = noBytes;
    this.chunks = undefined;
    this.aborter = undefined;
    open.add(this);
  }

  get signal(): AbortSignal {
    if (this.aborter === undefined) {
      this.aborter = new AbortController();
      if (this.isAbandoned) this.aborter.abort();
    }
    return this.aborter.signal;
  }

  get peer(): Peer {
    return new HttpPeer(this.request, `http/${this.encoding}`);
  }

  /** Checks the head; then reads the body, or refuses it unread. `asksFirst`: the client waits for `100 Continue`. */
  begin(asksFirst: boolean): void {
    const route = routeOf(this.request);
    this.encoding = route.encoding;
    const refusal = 'refusal' in route ? route.refusal : this.admitHead(route.signal);
    if ('refusal' in route || refusal !== undefined) {
      // A client that waits for `100 Continue` sends no body now, so what follows on the connection could not be told from one.
      if (asksFirst) this.response.shouldKeepAlive = false;
      this.refuse(refusal as HttpRefusal);
      return;
    }
    if (asksFirst) this.response.writeContinue();
    if (this.intake.stopping) {
      this.refuseRead(comeBack());
      return;
    }
    this.request.on('data', (chunk: Buffer) => this.read(chunk));
    this.request.on('end', () => {
      this.isReading = false;
      if (!this.isAnswered) void this.handle(route.signal, route.coding);
    });
  }

  /** Admits more bytes for this request (it is the lease that decompression grows); false when they do not fit or nobody waits any more. */
  grow(bytes: number): boolean {
    if (this.isAnswered) return false;
    if (this.lease !== undefined) return this.lease.grow(bytes);
    this.lease = this.intake.host.admission.acquire(bytes);
    return this.lease !== undefined;
  }

  /** The connection is gone: whoever works on this may stop. */
  abandon(): void {
    if (this.isAnswered) return;
    this.isAbandoned = true;
    this.settle();
    this.aborter?.abort();
  }

  private admitHead(signal: Signal): HttpRefusal | undefined {
    if (!this.intake.takes(signal)) return refusalOf(notTaken(signal));
    const length = this.request.headers['content-length'];
    if (length === undefined || this.intake.stopping) return undefined;
    this.hasLength = true;
    const declared = Number(length);
    if (declared > this.intake.maxBytes) return refusalOf(tooLarge('the body', this.intake.maxBytes));
    return this.grow(declared) ? undefined : refusalOf(overloaded());
  }

  private read(chunk: Buffer): void {
    if (this.isAnswered) return;
    this.size += chunk.length;
    if (!this.hasLength) {
      const isTooLarge = this.size > this.intake.maxBytes;
      if (isTooLarge || !this.grow(chunk.length)) {
        this.refuse(refusalOf(isTooLarge ? tooLarge('the body', this.intake.maxBytes) : overloaded()));
        return;
      }
    }
    if (this.body.length === 0) this.body = chunk;
    else if (this.chunks === undefined) this.chunks = [this.body, chunk];
    else this.chunks.push(chunk);
  }

  private async handle(signal: Signal, coding: Coding | 'identity'): Promise<void> {
    const { intake, encoding } = this;
    try {
      let bytes = this.chunks === undefined ? this.body : Buffer.concat(this.chunks, this.size);
      this.body = noBytes;
      this.chunks = undefined;
      if (bytes.length === 0) return this.answer(200, undefined, fullSuccess[encoding]);
      const flow = intake.host.flow(this);
      if (coding === 'identity') await intake.handle(signal, bytes, encoding, flow);
      else {
        const compressed = { encoding: coding, bytes };
        bytes = await decompress(bytes, coding, intake.maxBytes, this);
        await intake.handle(signal, bytes, encoding, flow, compressed);
      }
      this.answer(200, undefined, successOf(signal, encoding, flow.refused, flow.refusal));
    } catch (error) {
      if (!(error instanceof PipelineError))
        intake.host.logger.error({ err: error, signal }, 'a request failed unexpectedly');
      this.refuse(refusalOf(PipelineError.from(error)));
    }
  }

  /** Reads the body away first: closing a connection with unread bytes in it could destroy the answer on its way. */
  private refuseRead(error: PipelineError): void {
    this.request.on('data', (chunk: Buffer) => {
      this.size += chunk.length;
      if (this.size > this.intake.maxBytes) this.request.socket.destroy();
    });
    this.request.on('end', () => {
      this.isReading = false;
      this.refuse(refusalOf(error));
    });
  }

  private refuse(refusal: HttpRefusal): void {
    const headers: Record<string, string> = { ...refusal.headers };
    if (refusal.retryAfterMs !== undefined)
      headers['Retry-After'] = String(Math.max(1, Math.ceil(refusal.retryAfterMs / 1000)));
    this.answer(refusal.httpStatus, headers, statusOf(refusal, this.encoding));
  }

  private answer(status: number, headers: Record<string, string> | undefined, body: Buffer): void {
    if (this.isAnswered) return;
    this.settle();
    if (this.intake.stopping) this.response.shouldKeepAlive = false;
    const type = contentType[this.encoding];
    if (headers === undefined) this.response.writeHead(status, { 'Content-Type': type, 'Content-Length': body.length });
    else this.response.writeHead(status, { ...headers, 'Content-Type': type, 'Content-Length': body.length });
    // A body, even an empty one, goes out as a second buffer; short text goes out with the head in one.
    if (body.length === 0) this.response.end();
    else this.response.end(body.toString('latin1'), 'latin1');
  }

  private settle(): void {
    this.isAnswered = true;
    this.lease?.release();
    this.open.delete(this);
    this.body = noBytes;
    this.chunks = undefined;
  }
}
