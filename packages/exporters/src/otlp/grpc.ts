import { createRequire } from 'node:module';
import type { Client, Metadata, ServiceError } from '@grpc/grpc-js';
import type { AnyBatch, Flow, PemFiles, PipelineError, Signal } from '@otelier/core';
import { decodeExportResponse, type PartialSuccess } from '@otelier/otlp';
import { onAbort } from '../abort.js';
import { grpcError } from './grpc-answer.js';
import { HeaderSession } from './header-session.js';
import type { Headers } from './headers.js';
import { followTls } from './tls.js';
import { attempt, maxAnswerBytes, orAborted, type Transport, type TransportOptions, userAgent } from './transport.js';

const methods: Readonly<Record<Signal, string>> = {
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
};

const gzip = 2;
const permissionDenied = 7;
const unauthenticated = 16;

/** Opens OTLP over gRPC; `https` endpoints get TLS, `http` endpoints do not. */
export async function openGrpc(options: TransportOptions): Promise<Transport> {
  const { endpoint, settings, host } = options;
  // A CommonJS package loads faster with require than with import, which parses it for its exports first.
  const grpc = createRequire(import.meta.url)('@grpc/grpc-js') as typeof import('@grpc/grpc-js');
  const secure = endpoint.url.protocol === 'https:';
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
  const open = (tls: PemFiles<Buffer>): Clients => {
    const credentials = secure
      ? grpc.credentials.createSsl(tls.ca ?? null, tls.key ?? null, tls.cert ?? null)
      : grpc.credentials.createInsecure();
    const make = () => new grpc.Client(address, credentials, channel);
    return new Clients(Array.from({ length: settings.connections }, make));
  };
  let transport: GrpcTransport | undefined;
  const tls = await followTls(settings.tls, host, (pem) => transport?.replaceClients(open(pem)));
  transport = new GrpcTransport(open(tls.pem), () => new grpc.Metadata(), options, tls.stop);
  return transport;
}

/** Connections under the same certificates, taken in turn; once retired they are closed when no call is under way any more. */
class Clients {
  declare private readonly all: readonly Client[];
  declare private turn: number;
  declare private open: number;
  declare private isRetired: boolean;

  constructor(all: readonly Client[]) {
    this.all = all;
    this.turn = 0;
    this.open = 0;
    this.isRetired = false;
  }

  take(): Client {
    this.open++;
    return this.all[this.turn++ % this.all.length] as Client;
  }

  giveBack(): void {
    this.open--;
    if (this.isRetired && this.open === 0) this.close();
  }

  retire(): void {
    this.isRetired = true;
    if (this.open === 0) this.close();
  }

  close(): void {
    for (const client of this.all) client.close();
  }
}

class GrpcTransport implements Transport {
  declare private clients: Clients;
  declare private readonly metadata: () => Metadata;
  declare private readonly options: TransportOptions;
  declare private readonly stopFollowing: () => void;

  constructor(clients: Clients, metadata: () => Metadata, options: TransportOptions, stopFollowing: () => void) {
    this.clients = clients;
    this.metadata = metadata;
    this.options = options;
    this.stopFollowing = stopFollowing;
  }

  /** What is sent from now on goes by these; what is under way is not disturbed. */
  replaceClients(clients: Clients): void {
    const old = this.clients;
    this.clients = clients;
    old.retire();
  }

  async send(batch: AnyBatch, flow: Flow): Promise<PartialSuccess | undefined> {
    const { endpoint, settings, signal, host } = this.options;
    const target = endpoint.label;
    const body = batch.bytes();
    const limits = { flow, timeoutMs: settings.timeoutMs, clock: host.clock, target };
    const answer = await attempt(limits, async (aborted) => {
      const via = this.options.via(flow);
      const session = new HeaderSession(settings.headers, target, host);
      const call = (headers: Headers) => this.call(body, { ...headers, ...via }, aborted);
      try {
        return await call(await orAborted(session.first(), aborted));
      } catch (error) {
        if (!isServiceError(error) || (error.code !== unauthenticated && error.code !== permissionDenied)) throw error;
        const denial = error.code === unauthenticated ? 'unauthenticated' : 'forbidden';
        const others = await orAborted(session.another(denial), aborted);
        if (others === undefined) throw error;
        return call(others);
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
    const { clients } = this;
    const client = clients.take();
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
          clients.giveBack();
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
    this.stopFollowing();
    this.clients.close();
  }
}

function asIs(bytes: Buffer): Buffer {
  return bytes;
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error && typeof error.code === 'number';
}
