import { mutateBytes } from '../mutate.js';
import type { Random } from '../random.js';

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const [DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION] = [
  ...Array(10).keys(),
] as [number, number, number, number, number, number, number, number, number, number];
const [END_STREAM, END_HEADERS] = [1, 4];
const path = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';

/** An HTTP/2 frame. */
export function h2Frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A header block in HPACK's plainest form: literals that nobody remembers. */
function headerBlock(headers: readonly (readonly [string, string])[]): Buffer {
  const text = (value: string) => [Math.min(value.length, 126), ...Buffer.from(value.slice(0, 126), 'latin1')];
  return Buffer.from(headers.flatMap(([name, value]) => [0, ...text(name), ...text(value)]));
}

function exportHeaders(random: Random): Buffer {
  const headers: [string, string][] = [
    [':method', random.below(12) === 0 ? 'GET' : 'POST'],
    [':scheme', 'http'],
    [':path', random.below(12) === 0 ? '/nowhere' : path],
    [':authority', '127.0.0.1'],
    ['content-type', random.below(12) === 0 ? 'text/html' : 'application/grpc'],
    ['te', 'trailers'],
  ];
  if (random.below(4) === 0)
    headers.push(['grpc-encoding', random.pick(['gzip', 'identity', 'deflate', 'snappy', ''])]);
  if (random.below(8) === 0) headers.push(['grpc-timeout', random.pick(['1S', '0n', '-1S', '99999999999H', 'x'])]);
  if (random.below(12) === 0) headers.splice(random.below(headers.length), 1);
  if (random.below(12) === 0) headers.push(random.pick(headers));
  return headerBlock(headers);
}

/** The bytes of an HTTP/2 connection on which gRPC calls are made, of which nothing needs to be right. */
export function h2Bytes(message: Buffer, random: Random): Buffer {
  const frames: Buffer[] = [h2Frame(SETTINGS, 0, 0, Buffer.alloc(0))];
  const calls = 1 + random.below(3);
  for (let call = 0; call < calls; call++) {
    const stream = call * 2 + 1;
    const length = Buffer.alloc(5);
    length.writeUInt32BE(message.length, 1);
    length[0] = random.below(8) === 0 ? 1 : 0;
    const body = Buffer.concat([length, message]);
    frames.push(h2Frame(HEADERS, END_HEADERS, stream, exportHeaders(random)));
    const cut = random.below(body.length);
    frames.push(h2Frame(DATA, 0, stream, body.subarray(0, cut)));
    frames.push(h2Frame(DATA, END_STREAM, stream, body.subarray(cut)));
  }
  for (let more = random.below(4); more > 0; more--)
    frames.splice(random.below(frames.length + 1), 0, oddFrame(random));
  if (random.below(3) === 0) frames.splice(random.below(frames.length), 1);
  const chosen = random.below(frames.length);
  if (random.below(2) === 0) frames[chosen] = mutateBytes(frames[chosen] ?? Buffer.alloc(0), message, random);
  const bytes = Buffer.concat([preface, ...frames]);
  return random.below(8) === 0 ? mutateBytes(bytes, message, random) : bytes;
}

function oddFrame(random: Random): Buffer {
  const stream = random.pick([0, 1, 2, 3, 5, 0x7fffffff]);
  const noise = Buffer.from(Array.from({ length: random.below(20) }, () => random.bits() & 255));
  const eight = Buffer.alloc(8, random.bits());
  switch (random.below(10)) {
    case 0:
      return h2Frame(PING, random.below(2), 0, eight);
    case 1:
      return h2Frame(RST_STREAM, 0, stream, eight.subarray(0, 4));
    case 2:
      return h2Frame(WINDOW_UPDATE, 0, stream, eight.subarray(0, 4));
    case 3:
      return h2Frame(PRIORITY, 0, stream, eight.subarray(0, 5));
    case 4:
      return h2Frame(CONTINUATION, random.bits() & 255, stream, noise);
    case 5:
      return h2Frame(
        SETTINGS,
        random.below(2),
        0,
        Buffer.concat([Buffer.from([0, random.below(8)]), eight.subarray(0, 4)]),
      );
    case 6:
      return h2Frame(GOAWAY, 0, 0, eight);
    case 7:
      return h2Frame(PUSH_PROMISE, END_HEADERS, stream, noise);
    case 8:
      return Buffer.concat(Array.from({ length: 50 }, () => h2Frame(PING, 0, 0, eight)));
    default:
      return h2Frame(random.bits() & 255, random.bits() & 255, stream, noise);
  }
}
