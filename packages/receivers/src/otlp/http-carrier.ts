import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { Client } from './limits/client.js';

/** How the answer to a request gets to its sender. */
export interface HttpCarrier {
  readonly socket: Socket;
  /** Whoever is at the other end's address. */
  readonly client: Client;
  /**
   * Sends an answer; `head` has header names and values in turn, `isLast` ends the connection after it. `isUnread`: it is the last, and what
   * is still to come of the request is not read away before.
   */
  answer(status: number, head: readonly string[], body: Buffer, isLast: boolean, isUnread: boolean): void;
  /** Reads no more of the body until {@link resume}: it is not known yet who sends it. */
  pause(): void;
  /** Reads on. `isWanted`: the request was let in. */
  resume(isWanted: boolean): void;
}

/** The headers of a request, lower-case names; read only when somebody asks. */
export interface HttpHeaders {
  readonly headers: IncomingHttpHeaders;
}
