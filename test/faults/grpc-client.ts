import { credentials, Client as GrpcClient, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { decodeStatus } from '@otelier/otlp';
import type { Answer, Client } from './senders.js';

const same = (bytes: Buffer): Buffer => bytes;
const method = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
const deadlineMs = 15_000;
// As the specification lists them; RESOURCE_EXHAUSTED only with RetryInfo.
const mayPass: readonly number[] = [
  ...[status.CANCELLED, status.DEADLINE_EXCEEDED, status.ABORTED],
  ...[status.OUT_OF_RANGE, status.UNAVAILABLE, status.DATA_LOSS],
];
const options = {
  'grpc.enable_retries': 0,
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.min_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 100,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.ssl_target_name_override': 'localhost',
};

/** A client of OTLP over gRPC. */
export function grpcClient(port: number, ca?: string): Client {
  const security = ca === undefined ? credentials.createInsecure() : credentials.createSsl(Buffer.from(ca));
  const client = new GrpcClient(`127.0.0.1:${port}`, security, options);
  let cancel = (): void => {};
  return {
    send: (body: Buffer) =>
      new Promise<Answer>((resolve) => {
        const call = client.makeUnaryRequest<Buffer, Buffer>(
          ...[method, same, same, body, new Metadata(), { deadline: Date.now() + deadlineMs }],
          (error, value) => {
            if (error !== null) resolve(answerOf(error));
            else resolve(value?.length === 0 ? { said: 'yes' } : { said: 'never', why: 'an answer that is not empty' });
          },
        );
        cancel = () => call.cancel();
      }),
    disconnect: () => cancel(),
    close: () => client.close(),
  };
}

function answerOf(error: ServiceError): Answer {
  const details = error.metadata.get('grpc-status-details-bin')[0];
  const retryAfterMs = details instanceof Buffer ? decodeStatus(details, 'protobuf').retryAfterMs : undefined;
  if (retryAfterMs !== undefined) return { said: 'later', afterMs: retryAfterMs };
  // The collector says RetryInfo with all that it refuses for now: this is what the client says of a broken connection.
  if (mayPass.includes(error.code)) return { said: 'nothing' };
  return { said: 'never', why: `${status[error.code]}: ${error.details}` };
}
