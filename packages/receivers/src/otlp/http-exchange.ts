import { type Identity, type Lease, type Peer, PipelineError, type RequestFlow, type Signal } from '@otelier/core';
import { allocate } from '@otelier/otlp';
import { fullSuccess, refusalOf, statusOf, successOf } from './answer.js';
import type { Admission, Gate } from './auth/gate.js';
import { type Coding, decompress } from './decompress.js';
import { HttpAuthRequest } from './http-auth-request.js';
import type { HttpCarrier, HttpHeaders } from './http-carrier.js';
import { HttpPeer } from './http-peer.js';
import { headOf, overloadedAnswer, overloadedRefusal, refusalHead } from './http-prepared.js';
import type { BodyReader } from './http-request.js';
import type { HttpRefusal, Route } from './http-route.js';
import { comeBack, type Encoding, type Intake, notTaken, tooLarge } from './intake.js';

const noBytes = Buffer.alloc(0);
const tooManyRequests = 429;

/** What stands in the head of a success that has nothing to tell; always these two arrays. */
export const fullSuccessHead: Readonly<Record<Encoding, readonly string[]>> = {
  protobuf: headOf('protobuf', fullSuccess.protobuf),
  json: headOf('json', fullSuccess.json),
};

/** One request and its answer; also the `{ signal, peer }` of its flow, both made only when a component asks for them. */
export class HttpExchange implements BodyReader {
  /** Whether a part of the request is still to come. */
  declare isReading: boolean;
  declare private readonly intake: Intake;
  declare private readonly carrier: HttpCarrier;
  declare private readonly head: HttpHeaders;
  /** Who sends this, once it is known. */
  declare private identity: Identity | undefined;
  /** What has come of the body while it is being found out who sends it, and null when it has come to its end. */
  declare private early: (Buffer | null)[] | undefined;
  declare private dataSignal: Signal;
  declare private encoding: Encoding;
  declare private coding: Coding | 'identity';
  declare private isAnswered: boolean;
  declare private isAbandoned: boolean;
  /** What will be said when the body, which is not looked at, has been read. */
  declare private refusal: PipelineError | undefined;
  declare private lease: Lease | undefined;
  /** The body's length, if the head tells it. */
  declare private length: number | undefined;
  declare private size: number;
  declare private body: Buffer;
  /** The parts of a body of unknown length, from the second on. */
  declare private chunks: Buffer[] | undefined;
  declare private aborter: AbortController | undefined;

  constructor(intake: Intake, carrier: HttpCarrier, head: HttpHeaders) {
    this.isReading = true;
    this.intake = intake;
    this.carrier = carrier;
    this.head = head;
    this.identity = undefined;
    this.early = undefined;
    this.dataSignal = 'logs';
    this.encoding = 'json';
    this.coding = 'identity';
    this.isAnswered = false;
    this.isAbandoned = false;
    this.refusal = undefined;
    this.lease = undefined;
    this.length = undefined;
    this.size = 0;
    this.body = noBytes;
    this.chunks = undefined;
    this.aborter = undefined;
  }

  get signal(): AbortSignal {
    if (this.aborter === undefined) {
      this.aborter = new AbortController();
      if (this.isAbandoned) this.aborter.abort();
    }
    return this.aborter.signal;
  }

  get peer(): Peer {
    return new HttpPeer(this.carrier.socket, this.head, `http/${this.encoding}`, this.identity);
  }

  /** Whether it is still being found out who sends this: nothing more should be read. */
  get isHolding(): boolean {
    return this.early !== undefined;
  }

  /**
   * Checks the head: true when the body is wanted, false when the request was refused unread, undefined while the carrier, which was told to
   * pause, has to wait for either. `length`: the body's, if the head tells it.
   */
  begin(route: Route, length: number | undefined): boolean | undefined {
    this.encoding = route.encoding;
    const { gate } = this.intake;
    if (gate === undefined) return this.admit(route, length);
    const admission = gate.ask(new HttpAuthRequest(this.carrier.socket, this.head));
    if (!(admission instanceof Promise)) return this.isLetIn(admission, gate) && this.admit(route, length);
    this.early = [];
    this.carrier.pause();
    void admission.then((known) => this.proceed(this.isLetIn(known, gate) && this.admit(route, length)));
    return undefined;
  }

  private isLetIn(admission: Admission, { challenge }: Gate): boolean {
    if (!(admission instanceof PipelineError)) {
      this.identity = admission;
      return true;
    }
    const refusal = refusalOf(admission);
    const asks = refusal.httpStatus === 401 && challenge !== '';
    this.refuse(asks ? { ...refusal, headers: { 'WWW-Authenticate': challenge } } : refusal);
    return false;
  }

  /** Goes on with what came too early. */
  private proceed(isWanted: boolean): void {
    const early = this.early ?? [];
    this.early = undefined;
    for (const part of early) {
      if (part === null) this.end();
      else if (isWanted) this.read(part);
    }
    this.carrier.resume(isWanted);
  }

  private admit(route: Route, length: number | undefined): boolean {
    const refusal = 'refusal' in route ? route.refusal : this.admitHead(route.signal, length);
    if ('refusal' in route || refusal !== undefined) {
      this.refuse(refusal as HttpRefusal);
      return false;
    }
    // Closing a connection with unread bytes in it could destroy the answer on its way.
    if (this.intake.stopping) this.refusal = comeBack();
    this.coding = route.coding;
    return true;
  }

  read(chunk: Buffer): void {
    if (this.early !== undefined) {
      this.early.push(chunk);
      return;
    }
    this.size += chunk.length;
    if (this.isAnswered) return;
    if (this.refusal !== undefined) {
      if (this.size > this.intake.maxBytes) this.carrier.socket.destroy();
    } else if (this.length === undefined) this.readChunked(chunk);
    else if (chunk.length === this.length) this.body = chunk;
    else {
      // The length was admitted; the parser never hands over more of a body than that.
      if (this.body.length === 0) this.body = allocate(this.length);
      this.body.set(chunk, this.size - chunk.length);
    }
  }

  end(): void {
    if (this.early !== undefined) {
      this.early.push(null);
      return;
    }
    this.isReading = false;
    if (this.isAnswered) return;
    if (this.refusal === undefined) this.handle();
    else this.refuse(refusalOf(this.refusal));
  }

  /** Admits more bytes for this request (it is the lease that decompression grows); false when they do not fit or nobody waits any more. */
  grow(bytes: number): boolean {
    if (this.isAnswered) return false;
    if (this.lease !== undefined) return this.lease.grow(bytes);
    this.lease = this.intake.host.admission.acquire(bytes, this.dataSignal);
    return this.lease !== undefined;
  }

  /** The connection is gone: whoever works on this may stop. */
  abandon(): void {
    if (this.isAnswered) return;
    this.isAbandoned = true;
    this.settle();
    this.aborter?.abort();
  }

  private admitHead(signal: Signal, length: number | undefined): HttpRefusal | undefined {
    if (!this.intake.takes(signal)) return refusalOf(notTaken(signal));
    this.dataSignal = signal;
    if (length === undefined || this.intake.stopping) return undefined;
    this.length = length;
    if (length > this.intake.maxBytes) return refusalOf(tooLarge('the body', this.intake.maxBytes));
    return this.grow(length) ? undefined : overloadedRefusal;
  }

  private readChunked(chunk: Buffer): void {
    const isTooLarge = this.size > this.intake.maxBytes;
    if (isTooLarge || !this.grow(chunk.length))
      this.refuse(isTooLarge ? refusalOf(tooLarge('the body', this.intake.maxBytes)) : overloadedRefusal);
    else if (this.body.length === 0) this.body = chunk;
    else if (this.chunks === undefined) this.chunks = [this.body, chunk];
    else this.chunks.push(chunk);
  }

  // Not an async function: one that waits for what is known already costs a round of promises per request.
  private handle(): void {
    const { intake, encoding, dataSignal: signal } = this;
    try {
      const bytes = this.chunks === undefined ? this.body : Buffer.concat(this.chunks, this.size);
      this.body = noBytes;
      this.chunks = undefined;
      if (bytes.length === 0) {
        this.succeed(0, '');
        return;
      }
      const flow = intake.host.flow(this);
      const outcome =
        this.coding === 'identity'
          ? intake.handle(signal, bytes, encoding, flow)
          : this.handleCompressed(bytes, this.coding, flow);
      outcome.then(
        () => this.succeed(flow.refused, flow.refusal),
        (error: unknown) => this.fail(error),
      );
    } catch (error) {
      this.fail(error);
    }
  }

  private async handleCompressed(compressed: Buffer, coding: Coding, flow: RequestFlow): Promise<void> {
    const bytes = await decompress(compressed, coding, this.intake.maxBytes, this);
    const asReceived = { encoding: coding, bytes: compressed };
    await this.intake.handle(this.dataSignal, bytes, this.encoding, flow, asReceived);
  }

  private succeed(refused: number, why: string): void {
    const { encoding } = this;
    const body = successOf(this.dataSignal, encoding, refused, why);
    this.answer(200, body === fullSuccess[encoding] ? fullSuccessHead[encoding] : headOf(encoding, body), body);
  }

  private fail(error: unknown): void {
    if (!(error instanceof PipelineError))
      this.intake.host.logger.error({ err: error, signal: this.dataSignal }, 'a request failed unexpectedly');
    this.refuse(refusalOf(PipelineError.from(error)));
  }

  private refuse(refusal: HttpRefusal): void {
    const { encoding } = this;
    if (refusal === overloadedRefusal) {
      const { status, head, body } = overloadedAnswer[encoding];
      this.answer(status, head, body);
      return;
    }
    const body = statusOf(refusal, encoding);
    const head = refusalHead(refusal, encoding, body);
    this.answer(refusal.httpStatus, [...head, ...Object.entries(refusal.headers ?? {}).flat()], body);
  }

  private answer(status: number, head: readonly string[], body: Buffer): void {
    if (this.isAnswered) return;
    this.settle();
    const { host, stopping } = this.intake;
    const waitMs = status === tooManyRequests ? host.admission.refuseAfterMs : 0;
    if (waitMs === 0) this.carrier.answer(status, head, body, stopping);
    else this.answerLater(waitMs, status, head, body);
  }

  /** A sender that waits for its answer sends nothing: the kernel holds back what this process has no time for. */
  private answerLater(ms: number, status: number, head: readonly string[], body: Buffer): void {
    const { carrier, intake } = this;
    carrier.pause();
    intake.host.clock.after(ms, () => {
      carrier.resume(false);
      carrier.answer(status, head, body, intake.stopping);
    });
  }

  private settle(): void {
    this.isAnswered = true;
    this.lease?.release();
    this.body = noBytes;
    this.chunks = undefined;
  }
}
