import { once } from 'node:events';
import { type ClientHttp2Stream, connect as connectH2 } from 'node:http2';
import { connect } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { messagePrefix } from '../../test/h2.js';
import { serve, testHost } from '../../test/harness.js';
import { pb, post, protobufType } from '../../test/http.js';
import { otlpReceiver } from './otlp.js';
import { callTurns, Turns, turns, type Waiting } from './turns.js';

const kib = 1024;
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('the turns of the event loop', () => {
  test('every request begins once, small ones in order, and in no turn more than a bounded number of bytes', async () => {
    const size = fc.oneof(fc.nat(2 * kib), fc.nat(16 * kib), fc.nat(1000 * kib));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ size, comesLater: fc.boolean() }), { maxLength: 40 }), async (requests) => {
        const line = new Turns();
        const begun: { readonly at: number; readonly turn: number; readonly size: number }[] = [];
        let now = 0;
        const pass = async () => {
          await turn();
          now++;
        };
        for (const [at, { size: bytes, comesLater }] of requests.entries()) {
          if (comesLater) await pass();
          const begin = () => void begun.push({ at, turn: now, size: bytes });
          if (at % 3 > 0) line.take({ bytes, behind: undefined, work: begin });
          else {
            const wait = line.wait(bytes);
            if (wait === undefined) begin();
            else void wait.then(begin);
          }
        }
        for (let i = 0; i < 50; i++) await pass();
        expect(begun.map(({ at }) => at).toSorted((a, b) => a - b)).toEqual([...requests.keys()]);
        const small = begun.filter(({ size: bytes }) => bytes <= 16 * kib);
        // What waits on a promise goes on when the others of its turn have begun.
        for (const isPromised of [true, false]) {
          const order = small.map(({ at }) => at).filter((at) => (at % 3 === 0) === isPromised);
          expect(order).toEqual(order.toSorted((a, b) => a - b));
        }
        for (let at = 0; at <= now; at++) {
          const sizes = small.filter((each) => each.turn === at).map((each) => each.size);
          // Those that came in a turn and those that had waited for it have their bytes each, beyond which the last may go.
          expect(sizes.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(2 * 32 * kib);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('small requests that come together begin four at a time, a large one at once', async () => {
    const line = new Turns();
    const begun: number[] = [];
    const take = (bytes: number, of = line) =>
      of.take({ bytes, behind: undefined, work: () => void begun.push(bytes) });
    for (let i = 0; i < 10; i++) take(4 * kib);
    take(90 * kib);
    expect(begun).toHaveLength(5);
    await turn();
    expect(begun).toHaveLength(9);
    await turn();
    expect(begun).toHaveLength(11);
  });
});

/** Fills the turns to come until it is called. */
function occupy(): () => void {
  const ends = [occupied(turns), occupied(callTurns)];
  return () => {
    for (const end of ends) end();
  };
}

function occupied(line: Turns): () => void {
  let isOver = false;
  const one = (): Waiting => ({
    get bytes() {
      return isOver ? 0 : 16 * kib;
    },
    behind: undefined,
    // Again behind the last, so that whoever comes meanwhile has many before it.
    work: () => isOver || line.take(one()),
  });
  for (let i = 0; i < 100_000; i++) line.take(one());
  return () => void (isOver = true);
}

describe('a request whose turn has not come', () => {
  const receiver = () => otlpReceiver({ grpc: '127.0.0.1:0', http: '127.0.0.1:0' });

  /** A gRPC connection whose first call says how long the messages are; `sync` resolves when all that was written is known to the door. */
  async function connection(grpc: string) {
    const session = connectH2(`http://${grpc}`);
    const sync = () => new Promise<void>((resolve) => void session.ping(() => resolve()));
    const call = () => {
      const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc' });
      stream.on('error', () => {});
      stream.end(Buffer.concat([messagePrefix(pb.length), pb]));
      return stream;
    };
    await statusOf(call());
    return { session, call, sync };
  }
  const path = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
  const statusOf = async (stream: ClientHttp2Stream) => {
    stream.resume();
    return (await once(stream, 'trailers'))[0]['grpc-status'];
  };

  test('waits, and is delivered and answered when it comes', async () => {
    const { http, grpc, host, arrived, close } = await serve(receiver());
    const { session, call, sync } = await connection(grpc);
    const release = occupy();
    const called = statusOf(call());
    const posted = post(`${http}/v1/logs`, pb, protobufType);
    await sync();
    await expect.poll(() => host.admission.inFlightBytes).toBe(pb.length);
    expect(arrived).toHaveLength(1);
    release();
    expect((await posted).status).toBe(200);
    expect(await called).toBe('0');
    expect(arrived).toHaveLength(3);
    session.close();
    await close();
  });

  test('is nobody’s work any more when its sender goes away meanwhile', async () => {
    const { port, grpc, host, arrived, close } = await serve(receiver());
    const { session, call, sync } = await connection(grpc);
    const release = occupy();
    const socket = connect({ port, host: '127.0.0.1' });
    socket.write(
      `POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\nContent-Length: ${pb.length}\r\n\r\n`,
    );
    socket.write(pb);
    // Taken back in two ways, of which one is an error.
    const calls = [call(), call()];
    await sync();
    await expect.poll(() => host.admission.inFlightBytes).toBe(pb.length);
    calls[0]?.close(8);
    calls[1]?.close(2);
    socket.destroy();
    await Promise.all([once(socket, 'close'), sync()]);
    await expect.poll(() => host.admission.inFlightBytes).toBe(0);
    release();
    // One that comes later is answered, and was behind them.
    expect(await statusOf(call())).toBe('0');
    expect(arrived).toHaveLength(2);
    session.close();
    await close();
  });

  test('is refused when the room that there was is taken by then', async () => {
    const { grpc, host, arrived, close } = await serve(receiver(), undefined, testHost(2 * pb.length));
    const { session, call, sync } = await connection(grpc);
    const release = occupy();
    const stream = call();
    stream.resume();
    await sync();
    host.admission.hold(2 * pb.length);
    release();
    const [headers] = await once(stream, 'response');
    expect(headers['grpc-status']).toBe('8');
    expect(arrived).toHaveLength(1);
    session.close();
    await close();
  });
});
