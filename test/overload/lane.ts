import { connect, type Socket } from 'node:net';

/** What a request was answered with: it arrived, it was refused for now with all that belongs to that, or something else, in words. */
export type Answer = 'accepted' | 'refused' | { readonly problem: string };

/** Whom a lane tells what has happened. */
export interface Listener {
  answered(lane: Lane, answer: Answer, ms: number): void;
  problem(what: string): void;
}

/** One client on a connection of its own: it sends, and waits for the answer. */
export abstract class Lane {
  /** Of the request that waits for its answer; below 0 for none. */
  number = -1;
  readonly socket: Socket;
  private readonly listener: Listener;
  private since = 0;

  constructor(port: number, listener: Listener) {
    this.listener = listener;
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('error', (error) => listener.problem(`the connection broke: ${error.message}`));
    this.socket.on('close', () => this.number >= 0 && listener.problem('the connection was closed before the answer'));
    this.socket.on('data', (chunk) => this.hear(chunk));
  }

  send(number: number): void {
    this.number = number;
    this.since = performance.now();
    this.socket.write(this.request(number));
  }

  /** Bytes of their own, since a socket may keep what it cannot send yet. */
  protected abstract request(number: number): Buffer;
  protected abstract hear(chunk: Buffer): void;

  protected answered(answer: Answer): void {
    this.listener.answered(this, answer, performance.now() - this.since);
  }

  protected problem(what: string): void {
    this.listener.problem(what);
  }
}
