import { createRequire } from 'node:module';
import type { Client, Metadata, ServiceError } from '@grpc/grpc-js';
import type { AnyBatch, Flow, PipelineError, Signal } from '@otelier/core';
import { decodeExportResponse, type PartialSuccess } from '@otelier/otlp';
import { onAbort } from '../abort.js';
import { grpcError } from './grpc-answer.js';
import { currentHeaders, type Headers } from './headers.js';
import { readTlsFiles } from './tls.js';
import { attempt, maxAnswerBytes, orAborted, type Transport, type TransportOptions, userAgent } from './transport.js';

const methods: Readonly<Record<Signal, string>> = {
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
};

const gzip = 2;
const unauthenticated = 16;

/** Opens OTLP over gRPC; `https` endpoints get TLS, `http` endpoints do not. */
export async function openGrpc(options: TransportOptions): Promise<Transport> {
  const { endpoint, settings } = options;
  // A CommonJS package loads faster with require than with import, which parses it for its exports first.
  const grpc = createRequire(import.meta.url)('@grpc/grpc-js') as typeof import('@grpc/grpc-js');
  const tls = await readTlsFiles(settings.tls);
  const secure = endpoint.url.protocol === 'https:';
  const credentials = secure
    ? grpc.credentials.createSsl(tls.ca ?? null, tls.key ?? null, tls.cert ?? null)
    : grpc.credentials.createInsecure();
  const address = `${endpoint.url.hostname}:${endpoint.url.port || (secure ? 443 : 80)}`;
  const channel = {
    'grpc.primary_user_agent': userAgent,
    'grpc.max_send_message_length': -1,
    'grpc.max_receive_message_length': maxAnswerBytes,
    'grpc.default_compression_algorithm': settings.compression === 'gzip' ? gzip : 0,
    'grpc.service_config_disable_resolution': 1,
    // A backend that comes back is found within seconds; grpc's own pauses grow to two minutes.
    'grpc.initial_reconnect_backoff_ms': 500,
    'grpc.max_reconnect_backoff_ms': 5_000,
    // Channels to one address share a connection unless told not to.
    ...(settings.connections > 1 ? { 'grpc.use_local_subchannel_pool': 1 } : {}),
  };
  const clients = Array.from({ length: settings.connections }, () => new grpc.Client(address, credentials, channel));
  return new GrpcTransport(clients, () => new grpc.Metadata(), options);
}

class GrpcTransport implements Transport {
  declare private readonly clients: readonly Client[];
  declare private readonly metadata: () => Metadata;
  declare private readonly options: TransportOptions;
  declare private turn: number;

  constructor(clients: readonly Client[], metadata: () => Metadata, options: TransportOptions) {
    this.clients = clients;
    this.metadata = metadata;
    this.options = options;
    this.turn = 0;
  }

  async send(batch: AnyBatch, flow: Flow): Promise<PartialSuccess | undefined> {
    const { endpoint, settings, signal, host } = this.options;
    const target = endpoint.label;
    const body = batch.bytes();
    const limits = { flow, timeoutMs: settings.timeoutMs, clock: host.clock, target };
    const answer = await attempt(limits, async (aborted) => {
      const via = this.options.via(flow);
      const call = async () => {
        const headers = await orAborted(currentHeaders(settings.headers, target), aborted);
        return this.call(body, { ...headers, ...via }, aborted);
      };
      try {
        return await call();
      } catch (error) {
        // A token may have run out since it was made; the function that made it can make another.
        if (typeof settings.headers !== 'function' || !isServiceError(error) || error.code !== unauthenticated)
          throw error;
        return call();
      }
    }).catch((error: unknown) => {
      throw isServiceError(error) ? this.failure(error) : error;
    });
    try {
      return decodeExportResponse(signal, answer, 'protobuf');
    } catch {
      // The server has taken the data; a garbled note about it must not send it twice.
      return { rejected: 0, message: 'the answer could not be read' };
    }
  }

  private call(body: Buffer, headers: Headers, signal: AbortSignal): Promise<Buffer> {
    const client = this.clients[this.turn++ % this.clients.length] as Client;
    const metadata = this.metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    return new Promise((resolve, reject) => {
      let stay = (): void => {};
      const call = client.makeUnaryRequest(
        methods[this.options.signal],
        asIs,
        asIs,
        body,
        metadata,
        { deadline: Date.now() + this.options.settings.timeoutMs },
        (error, answer) => {
          stay();
          if (error) reject(error);
          else resolve(answer ?? Buffer.alloc(0));
        },
      );
      stay = onAbort(signal, () => call.cancel());
    });
  }

  private failure(error: ServiceError): PipelineError {
    const [details] = error.metadata?.get('grpc-status-details-bin') ?? [];
    const statusDetails = typeof details === 'object' ? details : undefined;
    return grpcError({ code: error.code, details: error.details, statusDetails }, this.options.endpoint.label);
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.close();
  }
}

function asIs(bytes: Buffer): Buffer {
  return bytes;
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error && typeof error.code === 'number';
}
