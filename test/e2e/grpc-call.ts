import { Client, credentials } from '@grpc/grpc-js';
import type { Signal } from '@otelier/core';

const same = (bytes: Buffer): Buffer => bytes;
const methods: Readonly<Record<Signal, string>> = {
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
};

/** Sends the bytes of a request as they are; rejects unless the answer is OK without a partial success. */
export async function grpcCall(url: string, signal: Signal, bytes: Buffer): Promise<void> {
  const client = new Client(url.replace(/^http:\/\//, ''), credentials.createInsecure());
  try {
    const answer = await new Promise<Buffer>((resolve, reject) => {
      client.makeUnaryRequest(methods[signal], same, same, bytes, (error, value) =>
        error === null ? resolve(value as Buffer) : reject(error),
      );
    });
    if (answer.length > 0) throw new Error(`expected an empty answer, got ${answer.length} bytes`);
  } finally {
    client.close();
  }
}
