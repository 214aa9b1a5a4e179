import { gzipSync } from 'node:zlib';
import { Client, credentials, type Metadata, Metadata as NewMetadata, type ServiceError, status } from '@grpc/grpc-js';
import { PipelineError, type RunningReceiver, type Signal } from '@otelier/core';
import { decodeExportResponse, decodeStatus } from '@otelier/otlp';
import { afterEach, describe, expect, test } from 'vitest';
import { type Arrived, recorded, serve as serveReceiver, testHost } from '../../test/harness.js';
import type { OtlpReceiverOptions } from './options.js';
import { otlpReceiver } from './otlp.js';

const requests = recorded().filter(({ encoding }) => encoding === 'protobuf');
const logs = requests.find(({ signal }) => signal === 'logs')?.bytes as Buffer;
const paths: Record<Signal, string> = {
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
};

let running: RunningReceiver;
let client: Client;
afterEach(async () => {
  client?.close();
  await running?.close();
});

async function serve(
  options: OtlpReceiverOptions = {},
  take?: (arrived: Arrived) => void | Promise<void>,
  host = testHost(),
  signals?: readonly Signal[],
) {
  const served = await serveReceiver(
    otlpReceiver({ grpc: '127.0.0.1:0', http: false, ...options }),
    take,
    host,
    signals,
  );
  running = served;
  client = new Client(served.grpc, credentials.createInsecure(), { 'grpc.max_send_message_length': -1 });
  return served;
}

function call(
  signal: Signal,
  bytes: Buffer,
  metadata: Metadata = new NewMetadata(),
  deadline?: number,
): Promise<Buffer> {
  const identity = (value: Buffer) => value;
  return new Promise((resolve, reject) => {
    const options = deadline === undefined ? {} : { deadline };
    client.makeUnaryRequest(paths[signal], identity, identity, bytes, metadata, options, (error, value) => {
      if (error === null) resolve(value as Buffer);
      else reject(error);
    });
  });
}

async function refusal(sent: Promise<Buffer>) {
  const error = (await sent.then(
    () => new Error('expected a refusal'),
    (reason: unknown) => reason,
  )) as ServiceError;
  const details = error.metadata?.get('grpc-status-details-bin')[0] as Buffer | undefined;
  return { code: error.code, message: error.details, status: details && decodeStatus(details, 'protobuf') };
}

describe('OTLP/gRPC', () => {
  test('every recorded request arrives byte for byte', async () => {
    const { arrived, host } = await serve();
    for (const { name, signal, bytes } of requests) {
      expect(await call(signal, bytes), name).toHaveLength(0);
      const { batch } = arrived.pop() as Arrived;
      expect([batch.signal, batch.bytes().equals(bytes)], name).toEqual([signal, true]);
    }
    expect(host.admission.inFlightBytes).toBe(0);
  });

  test('gzip, metadata and an empty request', async () => {
    const { arrived } = await serve({}, ({ batch, flow }) => {
      expect(batch.bytes().equals(logs)).toBe(true);
      expect(flow.peer?.transport).toBe('grpc');
      expect(flow.peer?.address).toMatch(/^127\.0\.0\.1:\d+$/);
      expect(flow.peer?.headers?.['x-tenant']).toBe('blue');
    });
    const metadata = new NewMetadata();
    metadata.set('grpc-internal-encoding-request', 'gzip');
    metadata.set('x-tenant', 'blue');
    expect(await call('logs', logs, metadata)).toHaveLength(0);
    expect(await call('metrics', Buffer.alloc(0))).toHaveLength(0);
    expect(arrived).toHaveLength(1);
  });

  test('errors of the pipeline', async () => {
    let thrown: unknown;
    const { host } = await serve({}, () => {
      throw thrown;
    });
    const expectations: [unknown, status, number | undefined][] = [
      [new PipelineError('rejected', 'why'), status.INVALID_ARGUMENT, undefined],
      [new PipelineError('too-large', 'why'), status.RESOURCE_EXHAUSTED, undefined],
      [new PipelineError('unauthenticated', 'why'), status.UNAUTHENTICATED, undefined],
      [new PipelineError('unsupported', 'why'), status.UNIMPLEMENTED, undefined],
      [new PipelineError('internal', 'why'), status.INTERNAL, undefined],
      [new PipelineError('overloaded', 'why', { retryAfterMs: 1500 }), status.RESOURCE_EXHAUSTED, 1500],
      [new PipelineError('overloaded', 'why'), status.RESOURCE_EXHAUSTED, 1000],
      [new PipelineError('unavailable', 'why', { retryAfterMs: 250 }), status.UNAVAILABLE, 250],
      [new PipelineError('deadline', 'why'), status.DEADLINE_EXCEEDED, undefined],
      [new TypeError('CANARY'), status.INTERNAL, undefined],
    ];
    for (const [error, code, retryAfterMs] of expectations) {
      thrown = error;
      const told = await refusal(call('logs', logs));
      expect([told.code, told.status?.code, told.status?.retryAfterMs]).toEqual([code, code, retryAfterMs]);
      expect(told.message).not.toContain('CANARY');
    }
    expect(host.admission.inFlightBytes).toBe(0);
  });

  test('malformed, too large (also when decompressed), over budget, not taken', async () => {
    const { arrived } = await serve({ maxBytes: '64KiB' }, undefined, testHost(60_000), ['logs']);
    expect((await refusal(call('logs', Buffer.from('this is not protobuf')))).code).toBe(status.INVALID_ARGUMENT);
    const large = await refusal(call('logs', Buffer.alloc(70_000)));
    expect([large.code, large.status?.retryAfterMs]).toEqual([status.RESOURCE_EXHAUSTED, undefined]);
    const metadata = new NewMetadata();
    metadata.set('grpc-internal-encoding-request', 'gzip');
    const bomb = await refusal(call('logs', Buffer.alloc(10_000_000), metadata));
    expect([bomb.code, bomb.status?.retryAfterMs]).toEqual([status.RESOURCE_EXHAUSTED, undefined]);
    const over = await refusal(call('logs', Buffer.alloc(61_000)));
    expect([over.code, over.status?.retryAfterMs]).toEqual([status.RESOURCE_EXHAUSTED, 1000]);
    expect((await refusal(call('metrics', logs))).code).toBe(status.UNIMPLEMENTED);
    expect(arrived).toHaveLength(0);
  });

  test('refused items are a partial success', async () => {
    await serve({}, ({ flow }) => flow.refuse(2, 'no service.name'));
    expect(decodeExportResponse('logs', await call('logs', logs), 'protobuf')).toEqual({
      rejected: 2,
      message: 'no service.name',
    });
  });

  test('a deadline that passes aborts the flow', async () => {
    let aborted = () => {};
    const isAborted = new Promise<void>((resolve) => (aborted = resolve));
    await serve({}, ({ flow }) => {
      flow.signal.addEventListener('abort', aborted);
      return isAborted;
    });
    expect((await refusal(call('logs', logs, new NewMetadata(), Date.now() + 100))).code).toBe(
      status.DEADLINE_EXCEEDED,
    );
    await isAborted;
  });

  test('stop: new calls are told to come back, those under way are answered; close in the same turn keeps their answers', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const { arrived, stop, close } = await serve({}, () => held);
    const first = call('logs', logs);
    await expect.poll(() => arrived.length).toBe(1);
    await stop();
    const told = await refusal(call('logs', logs));
    expect([told.code, told.status?.retryAfterMs]).toEqual([status.UNAVAILABLE, 1000]);
    release();
    await close();
    expect(await first).toHaveLength(0);
    expect((await refusal(call('logs', logs))).code).toBe(status.UNAVAILABLE);
  });

  test('a port that is taken is told with what to do, and the other door is closed again', async () => {
    const { grpc } = await serve();
    const second = otlpReceiver({ grpc, http: '127.0.0.1:0' }).start({}, testHost());
    await expect(second).rejects.toThrow(
      new RegExp(`\\[unavailable\\] cannot listen on ${grpc}: the port is taken.*option grpc`),
    );
  });

  test('gzip that is none is refused', async () => {
    const { grpc, arrived } = await serve();
    expect(gzipSync(logs).length).toBeLessThan(logs.length);
    const { connect } = await import('node:http2');
    const session = connect(`http://${grpc}`);
    const frame = Buffer.concat([Buffer.from([1, 0, 0, 0, 4]), Buffer.from('junk')]);
    const stream = session.request({
      ':method': 'POST',
      ':path': paths.logs,
      'content-type': 'application/grpc',
      'grpc-encoding': 'gzip',
      te: 'trailers',
    });
    const told = new Promise<unknown>((resolve) => {
      stream.on('trailers', (trailers) => resolve(trailers['grpc-status']));
      stream.on('response', (head) => head['grpc-status'] !== undefined && resolve(head['grpc-status']));
      stream.resume();
    });
    stream.end(frame);
    expect(Number(await told)).toBeGreaterThan(0);
    session.close();
    expect(arrived).toHaveLength(0);
  });
});
