import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createNoopMeter } from '@opentelemetry/api';
import type { Admission, AnyBatch, Flow, Host, Outlets, Receiver, RunningReceiver, Signal } from '@otelier/core';

/** What a test sees of a host: its log lines and the bytes in flight. */
export interface TestHost extends Host {
  readonly lines: { readonly level: string; readonly fields: object; readonly message: string }[];
  readonly dropped: string[];
}

/** A host without an engine, with a byte budget of the test's choice. */
export function testHost(limitBytes = 1024 ** 3): TestHost {
  const lines: TestHost['lines'] = [];
  const dropped: string[] = [];
  const log = (level: string) => (fields: object, message: string) => void lines.push({ level, fields, message });
  const host: TestHost = {
    ...{
      id: 'receivers/test',
      name: 'test',
      pipeline: undefined,
      signal: undefined,
      dataDir: undefined,
      lines,
      dropped,
    },
    logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    meter: createNoopMeter(),
    clock: {
      now: Date.now,
      after(ms, run) {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
    },
    admission: admission(limitBytes),
    openStore: async () => undefined,
    note() {},
    child: () => host,
    inTurn: (run) => run(host.flow()),
    flow: (of) => {
      let refused = 0;
      const reasons: string[] = [];
      return {
        get signal() {
          return of?.signal ?? new AbortController().signal;
        },
        get peer() {
          return of?.peer as never;
        },
        get refused() {
          return refused;
        },
        get refusal() {
          return reasons.join('; ');
        },
        refuse(count, reason) {
          refused += count;
          reasons.push(reason);
          dropped.push(`refused ${count} ${reason}`);
        },
        drop(count, reason) {
          dropped.push(`dropped ${count} ${reason}`);
        },
        add() {},
      };
    },
  };
  return host;
}

/** What a host's counters have counted: `otelier_receiver_refused_requests client rate` to how many. */
export type Counts = Map<string, number>;

/** A {@link testHost} that keeps what is counted. */
export function countingHost(limitBytes?: number): { host: TestHost; counts: Counts } {
  const counts: Counts = new Map();
  // There is only one no-op meter, which stays as it is.
  const meter = Object.create(createNoopMeter()) as ReturnType<typeof createNoopMeter>;
  meter.createCounter = (name) => ({
    add(value, attributes) {
      const key = `${name} ${attributes?.reason}`;
      counts.set(key, (counts.get(key) ?? 0) + value);
    },
  });
  return { host: { ...testHost(limitBytes), meter }, counts };
}

function admission(limitBytes: number): Admission {
  let inFlightBytes = 0;
  const take = (bytes: number) => {
    if (inFlightBytes + bytes > made.usableBytes) return false;
    inFlightBytes += bytes;
    return true;
  };
  const made: Admission = {
    limitBytes,
    // A test may make it less, as a collector that is short of memory does.
    usableBytes: limitBytes,
    refuseAfterMs: 0,
    turnAway() {},
    hold(bytes) {
      inFlightBytes += bytes;
      return { grow: () => true, release: () => void (inFlightBytes -= bytes) };
    },
    get inFlightBytes() {
      return inFlightBytes;
    },
    acquire(bytes) {
      if (!take(bytes)) return undefined;
      let held = bytes;
      let isReleased = false;
      return {
        grow(more) {
          if (isReleased) throw new Error('grown after release');
          if (!take(more)) return false;
          held += more;
          return true;
        },
        release() {
          if (!isReleased) inFlightBytes -= held;
          isReleased = true;
        },
      };
    },
  };
  return made;
}

/** What arrived at the outlets. */
export interface Arrived {
  readonly batch: AnyBatch;
  readonly flow: Flow;
}

/** Starts a receiver on a test host; what it receives is kept, or given to `take`. */
export async function serve(
  receiver: Receiver<Signal>,
  take: (arrived: Arrived) => void | Promise<void> = () => {},
  host: TestHost = testHost(),
  signals: readonly Signal[] = ['logs', 'metrics', 'traces'],
): Promise<RunningReceiver & { arrived: Arrived[]; host: TestHost; http: string; grpc: string; port: number }> {
  const arrived: Arrived[] = [];
  const consume = async (batch: AnyBatch, flow: Flow) => {
    arrived.push({ batch, flow });
    await take({ batch, flow });
  };
  const out = Object.fromEntries(signals.map((signal) => [signal, consume])) as Outlets<Signal>;
  const running = await receiver.start(out, host);
  const http = running.endpoints?.find((endpoint) => endpoint.startsWith('http:')) ?? '';
  const grpc = (running.endpoints?.find((endpoint) => endpoint.startsWith('grpc:')) ?? '').replace('grpc://', '');
  return { ...running, arrived, host, http, grpc, port: Number(http.split(':').at(-1)) };
}

/** Sends bytes over a plain socket; resolves with everything that came back until the server closed, or until `until` came. */
export async function speak(
  port: number,
  parts: readonly (string | Buffer)[],
  until?: RegExp,
  hangUp = false,
): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' });
  await once(socket, 'connect');
  return await new Promise<string>((resolve) => {
    let heard = '';
    const end = () => {
      socket.destroy();
      resolve(heard);
    };
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
      if (until?.test(heard)) end();
    });
    socket.on('error', end);
    socket.on('close', end);
    void (async () => {
      for (const part of parts) {
        if (socket.destroyed) return;
        socket.write(part);
        await new Promise((next) => setImmediate(next));
      }
      if (hangUp) socket.end();
    })();
  });
}

/** A recorded Claude Code request. */
export interface Recorded {
  readonly name: string;
  readonly signal: Signal;
  readonly encoding: 'protobuf' | 'json';
  readonly bytes: Buffer;
}

const fixtures = new URL('../../testing/fixtures/claude-code/', import.meta.url);

/** Every recorded Claude Code request. */
export function recorded(): Recorded[] {
  const found: Recorded[] = [];
  for (const name of readdirSync(fixtures, { recursive: true }) as string[]) {
    const match = /\.(logs|metrics|traces)\.(pb|json)$/.exec(name);
    if (match === null) continue;
    const encoding = match[2] === 'json' ? 'json' : 'protobuf';
    found.push({ name, signal: match[1] as Signal, encoding, bytes: readFileSync(new URL(encodeURI(name), fixtures)) });
  }
  return found;
}
