import { type Identity, type Peer, PipelineError, type Signal } from '@otelier/core';
import { fullSuccess, refusalOf, statusOf, successOf } from './answer.js';
import type { Admission, Gate } from './auth/gate.js';
import { type Coding, decompress } from './decompress.js';
import { HttpAuthRequest } from './http-auth-request.js';
import { HttpBody } from './http-body.js';
import type { HttpCarrier, HttpHeaders } from './http-carrier.js';
import { fullSuccessHead, headOf, refusalHead } from './http-head.js';
import { HttpPeer } from './http-peer.js';
import { overloadedAnswer, overloadedRefusal } from './http-prepared.js';
import type { BodyReader } from './http-request.js';
import type { HttpRefusal, Route } from './http-route.js';
import { type Compressed, comeBack, type Encoding, type Intake, notTaken, overloaded, tooLarge } from './intake.js';
import type { IncomingBody } from './limits/bodies.js';
import type { Client } from './limits/client.js';
import type { Hold } from './limits/hold.js';
import { turns, type Waiting } from './turns.js';

const noBytes = Buffer.alloc(0);
const tooManyRequests = 429;
/** The largest body of a sender without credentials that is read away, so that its connection can go on. */
const maxReadAway = 64 * 1024;

/** One request and its answer; also the `{ signal, peer }` of its flow, both made only when a component asks for them. */
export class HttpExchange implements BodyReader, IncomingBody, Waiting {
  /** Whether a part of the request is still to come. */
  declare isReading: boolean;
  /** Whether the body is not here whole with its head. */
  declare isPartial: boolean;
  /** Who is accountable for this, from {@link begin} on. */
  declare client: Client | undefined;
  /** Since when more of the body is waited for; 0 when it is not. */
  declare since: number;
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
  /** The sender was refused for want of credentials. */
  declare private isUnknown: boolean;
  /** The rest of the request is not worth reading. */
  declare private isUnread: boolean;
  /** What will be said when the body, which is not looked at, has been read. */
  declare private refusal: PipelineError | undefined;
  declare private hold: Hold | undefined;
  declare private readonly body: HttpBody;
  /** The body decompressed, while it waits for its turn, and as it came if that is another. */
  declare private plain: Buffer;
  declare private compressed: Compressed | undefined;
  declare behind: Waiting | undefined;
  declare private aborter: AbortController | undefined;

  constructor(intake: Intake, carrier: HttpCarrier, head: HttpHeaders) {
    this.isReading = true;
    this.isPartial = false;
    this.client = undefined;
    this.since = 0;
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
    this.isUnread = false;
    this.isUnknown = false;
    this.refusal = undefined;
    this.hold = undefined;
    this.body = new HttpBody();
    this.plain = noBytes;
    this.compressed = undefined;
    this.behind = undefined;
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

  get bytes(): number {
    return this.plain.length;
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
    this.client = this.carrier.client;
    const { gate } = this.intake;
    if (gate === undefined) return this.admit(route, length);
    const admission = gate.ask(new HttpAuthRequest(this.carrier.socket, this.head));
    if (!(admission instanceof Promise)) return this.isLetIn(admission, gate, length) && this.admit(route, length);
    this.early = [];
    this.carrier.pause();
    void admission.then((known) => this.proceed(this.isLetIn(known, gate, length) && this.admit(route, length)));
    return undefined;
  }

  private isLetIn(admission: Admission, { challenge }: Gate, length: number | undefined): boolean {
    if (!(admission instanceof PipelineError)) {
      this.identity = admission;
      if (this.intake.limits.byIdentity) this.client = this.intake.limits.clientOf(admission);
      return true;
    }
    const refusal = refusalOf(admission);
    this.isUnread = length !== undefined && length > maxReadAway;
    this.isUnknown = true;
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
    if ('refusal' in route) {
      this.intake.refusals.request('http', 'not a request of OTLP');
      this.refuse(route.refusal);
      return false;
    }
    const refusal = this.admitHead(route.signal, length);
    if (refusal !== undefined) {
      this.refuse(refusal === overloaded() ? overloadedRefusal : refusalOf(refusal));
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
    const { body } = this;
    body.size += chunk.length;
    if (this.isAnswered) {
      if (this.isUnknown && body.size > maxReadAway) this.carrier.socket.destroy();
    } else if (this.refusal !== undefined) {
      if (body.size > this.intake.maxBytes) this.carrier.socket.destroy();
    } else if (body.length === undefined) this.readChunked(chunk);
    // The length was admitted; the parser never hands over more of a body than that.
    else body.keep(chunk);
  }

  end(): void {
    if (this.early !== undefined) {
      this.early.push(null);
      return;
    }
    this.isReading = false;
    if (this.isAnswered) return;
    this.stopWaiting();
    if (this.refusal === undefined) this.handle();
    else {
      this.intake.refusals.request('http', 'shutting down');
      this.refuse(refusalOf(this.refusal));
    }
  }

  /** Admits more bytes for this request (it is the lease that decompression grows); false when they do not fit or nobody waits any more. */
  grow(bytes: number): boolean {
    return !this.isAnswered && this.hold !== undefined && this.hold.grow(bytes);
  }

  /** Others have need of the room that this takes while its body comes slowly. */
  cut(): void {
    this.isUnread = true;
    this.intake.refusals.request('http', 'slow body');
    this.refuse(overloadedRefusal);
  }

  /** The connection is gone: whoever works on this may stop. */
  abandon(): void {
    if (this.isAnswered) return;
    this.isAbandoned = true;
    this.settle();
    this.aborter?.abort();
  }

  private admitHead(signal: Signal, length: number | undefined): PipelineError | undefined {
    const { intake } = this;
    if (!intake.takes(signal)) {
      intake.refusals.request('http', 'no pipeline');
      return notTaken(signal);
    }
    this.dataSignal = signal;
    if (intake.stopping) return undefined;
    this.body.length = length;
    if (length !== undefined && length > intake.maxBytes) {
      intake.refusals.request('http', 'too large');
      return tooLarge('the body', intake.maxBytes);
    }
    const hold = intake.limits.admit(this.client as Client, length ?? 0, 'http', signal);
    if (hold instanceof PipelineError) return hold;
    this.hold = hold;
    if (this.isPartial) {
      this.since = intake.host.clock.now();
      intake.limits.bodies.add(this);
    }
    return undefined;
  }

  private readChunked(chunk: Buffer): void {
    const isTooLarge = this.body.size > this.intake.maxBytes;
    if (isTooLarge) this.intake.refusals.request('http', 'too large');
    this.hold?.charge(chunk.length);
    if (isTooLarge || !this.grow(chunk.length))
      this.refuse(isTooLarge ? refusalOf(tooLarge('the body', this.intake.maxBytes)) : overloadedRefusal);
    else this.body.keep(chunk);
  }

  private handle(): void {
    const bytes = this.body.take();
    if (bytes.length === 0) this.succeed(0, '');
    else if (this.coding === 'identity') this.take(bytes);
    else void this.decompress(bytes, this.coding);
  }

  private async decompress(bytes: Buffer, coding: Coding): Promise<void> {
    try {
      const body = await decompress(bytes, coding, this.intake.maxBytes, this);
      this.compressed = { encoding: coding, bytes };
      this.take(body);
    } catch (error) {
      this.intake.countUnreadable('http', error);
      this.fail(error);
    }
  }

  private take(plain: Buffer): void {
    this.plain = plain;
    turns.take(this);
  }

  // Not an async function: one that waits for what is known already costs a round of promises per request.
  work(): void {
    // Its sender went away while it waited.
    if (this.isAnswered) return;
    const { intake, plain, compressed } = this;
    this.plain = noBytes;
    this.compressed = undefined;
    try {
      const flow = intake.host.flow(this);
      intake.handle(this.dataSignal, plain, this.encoding, flow, compressed).then(
        () => this.succeed(flow.refused, flow.refusal),
        (error: unknown) => this.fail(error),
      );
    } catch (error) {
      intake.countUnreadable('http', error);
      this.fail(error);
    }
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
    this.answer(refusal.httpStatus, refusalHead(refusal, encoding, body), body);
  }

  private answer(status: number, head: readonly string[], body: Buffer): void {
    if (this.isAnswered) return;
    this.settle();
    const { host } = this.intake;
    const waitMs = status === tooManyRequests ? host.admission.refuseAfterMs : 0;
    if (waitMs === 0) this.send(status, head, body);
    else this.answerLater(waitMs, status, head, body);
  }

  /** A sender that waits for its answer sends nothing: the kernel holds back what this process has no time for. */
  private answerLater(ms: number, status: number, head: readonly string[], body: Buffer): void {
    const { carrier, intake } = this;
    carrier.pause();
    intake.host.clock.after(ms, () => {
      carrier.resume(false);
      this.send(status, head, body);
    });
  }

  private send(status: number, head: readonly string[], body: Buffer): void {
    this.carrier.answer(status, head, body, this.intake.stopping || this.isUnread, this.isUnread);
  }

  private settle(): void {
    this.isAnswered = true;
    this.stopWaiting();
    this.hold?.release();
    this.body.clear();
    this.plain = noBytes;
    this.compressed = undefined;
  }

  private stopWaiting(): void {
    if (this.since === 0) return;
    this.since = 0;
    this.intake.limits.bodies.delete(this);
  }
}
