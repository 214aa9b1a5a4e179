import type { Socket } from 'node:net';
import type { AnswerText } from './http-answer-text.js';
import type { HttpCarrier } from './http-carrier.js';
import { closingAnswer } from './http-closing.js';
import { HttpExchange } from './http-exchange.js';
import { type PlainHead, plainHead } from './http-plain-head.js';
import type { Intake } from './intake.js';
import type { Client } from './limits/client.js';
import type { HttpDoorSettings } from './settings.js';
import { isRenegotiation } from './tls-handshakes.js';

/** How long a sender has to read its last answer when the rest of its request is not read, in milliseconds. */
const lingerMs = 1000;

/** What plain connections have in common: the door that they came by. */
export interface PlainDoor {
  readonly intake: Intake;
  readonly settings: HttpDoorSettings;
  readonly answers: AnswerText;
  /** Takes over the connection, which from here on Node's server reads and answers. */
  giveToNode(socket: Socket): void;
}

/**
 * A connection on which every request so far was plain: read, answered and timed here, one request at a time.
 *
 * The first one that is anything else goes to Node's server, and the connection with it.
 */
export class PlainConnection implements HttpCarrier {
  declare readonly socket: Socket;
  declare readonly client: Client;
  declare private readonly door: PlainDoor;
  /** The request that is being read, or waits for its answer. */
  declare private exchange: HttpExchange | undefined;
  /** Bytes of its body that are still to come. */
  declare private left: number;
  declare private isAnswered: boolean;
  /** The answer that was given is the last. */
  declare private isLast: boolean;
  /** What is still to come of the request is not read. */
  declare private isUnread: boolean;
  /** What came behind the request, while it is not done. */
  declare private held: Buffer | undefined;
  /** Bytes are being looked at: what has to follow an answer is done behind them. */
  declare private isInRead: boolean;
  /** Whether a request has yet to come. */
  declare private isFresh: boolean;
  /** When the request that is being read began, or the connection became idle; in milliseconds since 1970. */
  declare private since: number;

  constructor(socket: Socket, client: Client, door: PlainDoor) {
    this.socket = socket;
    this.client = client;
    this.door = door;
    this.exchange = undefined;
    this.left = 0;
    this.isAnswered = false;
    this.isLast = false;
    this.isUnread = false;
    this.held = undefined;
    this.isInRead = false;
    this.isFresh = true;
    this.since = Date.now();
    socket.on('data', this.read);
    socket.on('end', this.end);
    socket.on('error', this.fail);
  }

  /** Whether a request is being read or waits for its answer. */
  get isBusy(): boolean {
    return this.exchange !== undefined;
  }

  /** Whether nothing has come since the last answer. */
  get isIdle(): boolean {
    return this.exchange === undefined && !this.isFresh;
  }

  answer(status: number, head: readonly string[], body: Buffer, isLast: boolean, isUnread: boolean): void {
    this.isAnswered = true;
    this.isLast = isLast;
    this.since = Date.now();
    const { socket } = this;
    // The sender has closed its side, and with it the connection.
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    socket.write(this.door.answers.of(status, head, body, isLast, this.since), 'latin1');
    if (this.isInRead) this.isUnread = isUnread;
    else if (this.left === 0) this.next();
    else if (isUnread) this.hangUp();
  }

  pause(): void {
    this.socket.pause();
  }

  // Behind a body that has come whole, {@link next} reads on.
  resume(): void {
    if (this.left > 0 && !this.isUnread && !this.socket.destroyed) this.socket.resume();
  }

  /** The connection is gone. */
  closed(): void {
    this.exchange?.abandon();
  }

  /** Ends the connection when its sender has been silent or slow for too long. */
  check(now: number): void {
    const { headersTimeout, idleTimeout, requestTimeout } = this.door.settings;
    const past = now - this.since;
    if (this.isUnread) {
      if (past >= lingerMs) this.socket.destroy();
    } else if (this.left > 0) {
      if (past >= requestTimeout) this.refuseSlow();
    } else if (this.exchange === undefined) {
      if (this.isFresh && past >= headersTimeout) this.refuseSlow();
      else if (!this.isFresh && past >= idleTimeout) {
        if (this.socket.writableLength > 0) this.door.intake.refusals.connection('http', 'reads no answers');
        this.socket.destroy();
      }
    }
  }

  // Bound to the connection, so that it can be taken off the socket again.
  private readonly read: (chunk: Buffer) => void = (chunk) => {
    if (this.exchange !== undefined && this.left === 0) {
      this.hold(chunk);
      return;
    }
    let at = 0;
    this.isInRead = true;
    if (this.exchange === undefined) {
      const head = plainHead(chunk);
      if (head === undefined) {
        this.giveAway(chunk);
        return;
      }
      at = head.size;
      this.begin(head, chunk);
    }
    const exchange = this.exchange as HttpExchange;
    const to = Math.min(at + this.left, chunk.length);
    this.left -= to - at;
    if (to > at) exchange.read(at === 0 && to === chunk.length ? chunk : chunk.subarray(at, to));
    if (this.left === 0) {
      if (to < chunk.length) this.hold(chunk.subarray(to));
      if (!this.isAnswered) exchange.end();
    }
    this.isInRead = false;
    if (!this.isAnswered) return;
    if (this.left === 0) this.next();
    else if (this.isUnread) this.hangUp();
  };

  private begin(head: PlainHead, chunk: Buffer): void {
    this.exchange = new HttpExchange(this.door.intake, this, head);
    this.isFresh = false;
    this.isAnswered = false;
    this.left = head.length;
    if (chunk.length < head.size + head.length) {
      this.since = Date.now();
      this.exchange.isPartial = true;
    }
    this.exchange.begin(head, head.length);
  }

  /** Keeps what came too early, and has nothing more come until {@link next}. */
  private hold(chunk: Buffer): void {
    this.socket.pause();
    this.held = this.held === undefined ? chunk : Buffer.concat([this.held, chunk]);
  }

  /** The request was read and answered. */
  private next(): void {
    this.exchange = undefined;
    const { socket } = this;
    if (this.isLast) socket.destroySoon();
    else if (socket.writableNeedDrain) {
      // A sender that reads no answers sends no more requests.
      socket.pause();
      socket.once('drain', this.readOn);
    } else if (socket.isPaused()) process.nextTick(this.readOn);
  }

  /** Reads no more, and closes the connection after a while: closed at once, with unread bytes in it, it could destroy the answer on its way. */
  private hangUp(): void {
    this.isUnread = true;
    this.socket.pause();
    this.socket.end();
  }

  // In a turn of its own: a chunk may hold any number of requests.
  private readonly readOn: () => void = () => {
    if (this.exchange !== undefined || this.socket.destroyed) return;
    const { held } = this;
    this.held = undefined;
    this.socket.resume();
    if (held !== undefined) this.read(held);
  };

  private giveAway(chunk: Buffer): void {
    const { socket } = this;
    socket.off('data', this.read);
    socket.off('end', this.end);
    socket.off('error', this.fail);
    socket.pause();
    socket.unshift(chunk);
    this.door.giveToNode(socket);
    // One turn later, when what unshift has scheduled is done: bytes that flowed before the event `resume` could not be stopped by a pause.
    process.nextTick(() => socket.resume());
  }

  private refuseSlow(): void {
    this.door.intake.refusals.connection('http', 'slow request');
    if (this.isAnswered) {
      this.socket.destroy();
      return;
    }
    this.socket.write(closingAnswer(Object.assign(new Error(), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })));
    this.socket.destroySoon();
  }

  // As Node's server does: a sender that closes its side is not answered any more.
  private readonly end: () => void = () => {
    this.socket.end();
  };

  private readonly fail: (error: Error) => void = (error) => {
    if (isRenegotiation(error)) this.door.intake.refusals.connection('http', 'renegotiation');
    this.socket.destroy();
  };
}
