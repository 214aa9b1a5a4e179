import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export const [DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, , PING, GOAWAY, WINDOW_UPDATE, CONTINUATION] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
] as const;
export const endStream = 1;
export const endHeaders = 4;

/** An HTTP/2 frame (RFC 9113 section 4.1). */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A header block of literals that nobody remembers; texts of up to 126 bytes. */
export function headerBlock(headers: readonly (readonly [string, string])[]): Buffer {
  const text = (value: string) => [value.length, ...Buffer.from(value, 'latin1')];
  return Buffer.from(headers.flatMap(([name, value]) => [0, ...text(name), ...text(value)]));
}

/** The headers of an export of logs. */
export const exportHeaders: Buffer = headerBlock([
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/opentelemetry.proto.collector.logs.v1.LogsService/Export'],
  [':authority', '127.0.0.1'],
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
]);

/** What stands before a message of gRPC of so many bytes. */
export function messagePrefix(length: number): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(length, 1);
  return prefix;
}

/** With what a client begins to speak HTTP/2 (RFC 9113 section 3.4). */
export function preface(settings: Uint8Array = Buffer.alloc(0)): Buffer {
  return Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(SETTINGS, 0, 0, settings)]);
}

/** A connection on which HTTP/2 has begun. */
export async function h2Socket(port: number, settings?: Uint8Array): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(preface(settings));
  return socket;
}

/** Resolves when the other side has closed the connection, whose bytes are read and thrown away. */
export async function closed(socket: Socket): Promise<void> {
  socket.on('error', () => {});
  socket.resume();
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}

/** Writes the same again and again until the other side has had enough. */
export async function flood(socket: Socket, bytes: Buffer): Promise<void> {
  const over = closed(socket);
  const write = (): void => {
    while (!socket.destroyed && socket.write(bytes));
    if (!socket.destroyed) socket.once('drain', write);
  };
  write();
  await over;
}
