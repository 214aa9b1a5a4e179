import { connect } from 'node:net';

/** What came back on a connection until it was closed. */
export interface Heard {
  readonly bytes: Buffer;
  /** Nobody closed it in time. */
  readonly isHung: boolean;
}

/** Longer than every time-out of the victim: a connection that is still open then will stay open. */
const patienceMs = 20_000;

/** Sends pieces, hangs up its own side, and listens until the other side does too. */
export function converse(port: number, pieces: readonly Buffer[]): Promise<Heard> {
  return new Promise((resolve) => {
    const heard: Buffer[] = [];
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const end = (isHung: boolean) => {
      clearTimeout(patience);
      socket.destroy();
      resolve({ bytes: Buffer.concat(heard), isHung });
    };
    const patience = setTimeout(end, patienceMs, true);
    socket.on('connect', () => {
      for (const piece of pieces) socket.write(piece);
      socket.end();
    });
    socket.on('data', (chunk) => heard.push(chunk));
    // A reset is an end: bytes that the other side did not read make one.
    socket.on('error', () => {});
    socket.on('end', () => end(false));
    socket.on('close', () => end(false));
  });
}

/** The bytes in one to three pieces. */
export function inPieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...[...cuts].map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((to, i) => bytes.subarray(at[i], to));
}

const farewell = Buffer.from('farewell');
const ping = Buffer.concat([Buffer.from([0, 0, 8, 6, 0, 0, 0, 0, 0]), farewell]);
const pong = Buffer.concat([Buffer.from([0, 0, 8, 6, 1, 0, 0, 0, 0]), farewell]);
/** After so much silence the client goes away: a frame that is longer than what was sent leaves the door waiting, which is its right. */
const silenceMs = 50;

/**
 * Sends HTTP/2 bytes and a ping, and says how it went: `'alive'` when the ping came back, `'closed'` when the door closed the
 * connection, `'left'` when the client went away since nothing came any more.
 *
 * A half-closed connection is not waited for: Node's HTTP/2 keeps it until a ping of its own goes unanswered.
 */
export function converseH2(port: number, pieces: readonly Buffer[]): Promise<'alive' | 'closed' | 'left'> {
  return new Promise((resolve) => {
    let heard = Buffer.alloc(0);
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const end = (how: 'alive' | 'closed' | 'left') => {
      clearTimeout(silence);
      socket.resetAndDestroy();
      resolve(how);
    };
    let silence = setTimeout(end, patienceMs, 'left');
    socket.on('connect', () => {
      for (const piece of [...pieces, ping]) socket.write(piece);
    });
    socket.on('data', (chunk) => {
      heard = Buffer.concat([heard, chunk]);
      if (heard.includes(pong)) return end('alive');
      clearTimeout(silence);
      silence = setTimeout(end, silenceMs, 'left');
    });
    socket.on('error', () => {});
    socket.on('end', () => end('closed'));
    socket.on('close', () => end('closed'));
  });
}
