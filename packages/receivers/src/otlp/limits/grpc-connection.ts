import { constants, type ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Refusals } from '../refusals.js';
import { Bucket } from './bucket.js';
import type { Client } from './client.js';
import { lateDestroy } from './late-destroy.js';

/** Calls that may be open on a connection: what RFC 9113 section 6.5.2 asks for at least. */
export const maxCalls = 100;
/** PING and SETTINGS frames a second that a connection may send beside two for each call: some clients measure with every answer. */
const controlFrames = 100;
/** Calls a second that may be taken back before they are answered. */
const resets = 200;
/** Bytes a second that may be no part of a request, such as window updates. */
const idleBytes = 256 * 1024;
/** Bytes for the head of a call, and for what of it comes after it was refused: the window of a stream. */
const bytesPerCall = (16 + 64) * 1024;
/** What may be left of a connection's bytes for calls when none is open. */
const maxCredit = 1024 * 1024;

/** One connection of the gRPC door: ends it when it does not begin, or sends what serves no call. */
export class GrpcConnection {
  declare readonly client: Client;
  declare private readonly socket: Socket;
  declare private readonly refusals: Refusals;
  declare private readonly began: number;
  declare private session: ServerHttp2Session | undefined;
  /** Its TLS handshake is not done; that is bounded by TLS itself. */
  declare private isBare: boolean;
  /** Why it ends is counted already. */
  declare private isCounted: boolean;
  declare private isReady: boolean;
  declare private isEnding: boolean;
  declare private calls: number;
  declare private readonly control: Bucket;
  declare private readonly resets: Bucket;
  declare private readonly idle: Bucket;
  /** Of the message that came last, let in or not; 0 before the first. */
  declare usualBytes: number;
  /** Bytes that calls have still to come. */
  declare private credit: number;
  declare private seen: number;
  declare private readonly now: () => number;

  constructor(socket: Socket, client: Client, refusals: Refusals, now: () => number, isBare: boolean) {
    this.socket = socket;
    this.client = client;
    this.refusals = refusals;
    this.now = now;
    this.began = now();
    this.session = undefined;
    this.isBare = isBare;
    this.isCounted = false;
    this.isReady = false;
    this.isEnding = false;
    this.calls = 0;
    this.control = new Bucket(controlFrames, this.began);
    this.resets = new Bucket(resets, this.began);
    this.idle = new Bucket(idleBytes, this.began);
    this.usualBytes = 0;
    this.credit = 0;
    this.seen = 0;
  }

  /** Its TLS handshake is done; without `isHttp2` the client agreed on no protocol, is told so by Node's server and sent away. */
  encrypted(isHttp2: boolean): void {
    this.isBare = false;
    if (isHttp2) return;
    this.isCounted = true;
    this.refusals.connection('grpc', 'not HTTP/2');
  }

  /** HTTP/2 begins on it. */
  begin(session: ServerHttp2Session): void {
    this.session = session;
    lateDestroy(session);
    session.on('ping', () => this.count(this.control, 'ping flood'));
    session.on('remoteSettings', () => {
      this.isReady = true;
      this.count(this.control, 'settings flood');
    });
  }

  /** A call begins; false when there is one too many. */
  callOpened(): boolean {
    this.credit += bytesPerCall;
    this.control.give(2);
    return this.calls++ < maxCalls;
  }

  /** It has ended; `isReset`: its client took it back. */
  callClosed(isReset: boolean): void {
    this.calls--;
    if (isReset) this.count(this.resets, 'rapid resets');
  }

  /** A message of so many bytes was let in; what frames add to it is a few hundredths. */
  expect(bytes: number): void {
    this.credit += bytes + Math.ceil(bytes / 16);
  }

  /** Looks at what came since the last time. */
  check(now: number, handshakeTimeout: number): void {
    if (this.isBare) return;
    if (!this.isReady && now - this.began >= handshakeTimeout) {
      this.end('no handshake');
      return;
    }
    const { bytesRead } = this.socket;
    const came = bytesRead - this.seen;
    this.seen = bytesRead;
    const forCalls = Math.min(came, this.credit);
    this.credit -= forCalls;
    if (this.calls === 0) this.credit = Math.min(this.credit, maxCredit);
    this.idle.wait(now);
    this.idle.take(came - forCalls);
    if (this.idle.wait(now) > 0) this.end('frame flood');
  }

  private count(bucket: Bucket, reason: string): void {
    if (bucket.wait(this.now()) > 0) this.end(reason);
    else bucket.take(1);
  }

  private end(reason: string): void {
    if (this.isEnding || this.socket.destroyed) return;
    this.isEnding = true;
    if (!this.isCounted) this.refusals.connection('grpc', reason);
    const { session } = this;
    // RFC 9113 section 7; as far as the client still reads.
    if (session?.destroyed === false) session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    session?.destroy();
    setImmediate(() => {
      this.socket.destroySoon();
      // One that reads nothing would be waited for.
      setImmediate(() => this.socket.destroy());
    });
  }
}
