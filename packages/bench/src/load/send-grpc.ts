import type { Send } from './generator.js';

const same = (bytes: Buffer): Buffer => bytes;

/** Sends the body over gRPC, four connections in turn. */
export async function grpcSender(port: number, body: Buffer): Promise<{ send: Send; close(): Promise<void> }> {
  const { Client, credentials } = await import('@grpc/grpc-js');
  const clients = Array.from(
    { length: 4 },
    (_, i) =>
      new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
        'otelier.connection': i,
        'grpc.use_local_subchannel_pool': 1,
      }),
  );
  let next = 0;
  return {
    send: () =>
      new Promise((resolve, reject) => {
        const client = clients[next++ % clients.length] as InstanceType<typeof Client>;
        client.makeUnaryRequest(
          '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
          same,
          same,
          body,
          (error) => (error === null ? resolve() : reject(error)),
        );
      }),
    close: async () => {
      for (const client of clients) client.close();
    },
  };
}
