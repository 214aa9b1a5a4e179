import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';

/** How the answer to a request gets to its sender. */
export interface HttpCarrier {
  readonly socket: Socket;
  /** Sends an answer; `head` has header names and values in turn, `isLast` ends the connection after it. */
  answer(status: number, head: readonly string[], body: Buffer, isLast: boolean): void;
  /** Reads no more of the body until {@link resume}: it is not known yet who sends it. */
  pause(): void;
  /** Reads on. `isWanted`: the request was let in. */
  resume(isWanted: boolean): void;
}

/** The headers of a request, lower-case names; read only when somebody asks. */
export interface HttpHeaders {
  readonly headers: IncomingHttpHeaders;
}
