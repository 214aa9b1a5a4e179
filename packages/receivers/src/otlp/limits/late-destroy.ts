import type { ServerHttp2Session } from 'node:http2';

/**
 * Has an HTTP/2 session be destroyed when the event loop comes round, and not within a frame.
 *
 * Node gives no stream to a call that begins on a session which is destroyed, and Node 22 ends the process when that call's first bytes are in the
 * same packet. Anybody could bring that about, with a GOAWAY for one. What has happened to the socket is told at once: nothing is read any more.
 */
export function lateDestroy(session: ServerHttp2Session): void {
  const { destroy } = session;
  session.destroy = (error, code) => {
    if (isOfFrames(error)) setImmediate(() => destroy.call(session, error, code));
    else destroy.call(session, error, code);
  };
}

/** Whether it is an error of Node's HTTP/2, or none. */
function isOfFrames(error: Error | undefined | null): boolean {
  const code = (error as NodeJS.ErrnoException | undefined | null)?.code;
  return code === undefined || code.startsWith('ERR_HTTP2_');
}
