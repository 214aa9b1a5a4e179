import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import type * as Grpc from '@grpc/grpc-js';
import { type Host, type Identity, PipelineError, type Signal, signals } from '@otelier/core';
import { type Address, formatAddress } from './address.js';
import { successOf } from './answer.js';
import type { Certificates } from './certificates.js';
import type { Door } from './door.js';
import { serverCredentials } from './grpc-credentials.js';
import { GrpcGate, statusFor } from './grpc-gate.js';
import { GrpcPeer } from './grpc-peer.js';
import { comeBack, type Intake, notTaken, overloaded } from './intake.js';
import { listenError } from './listen-error.js';
import type { GrpcDoorSettings } from './settings.js';

const services: Readonly<Record<Signal, string>> = {
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
};

/** How long close() waits for answers that are still on their way. */
const lingerMs = 1000;

// A CommonJS package loads faster with require than with import, which parses it for its exports first.
const require = createRequire(import.meta.url);

type Call = Grpc.ServerUnaryCall<Buffer, Buffer>;
type Answer = Grpc.sendUnaryData<Buffer>;

/** OTLP/gRPC on `@grpc/grpc-js`, which is loaded when the door is opened. */
export class GrpcDoor implements Door {
  declare private readonly intake: Intake;
  declare private readonly settings: GrpcDoorSettings;
  declare private readonly certificates: Certificates | undefined;
  declare private grpc: typeof Grpc;
  declare private gate: GrpcGate | undefined;
  declare private server: Grpc.Server;
  /** What the byte budget refuses, made once. */
  declare private overloaded: Grpc.StatusObject | undefined;

  constructor(intake: Intake, settings: GrpcDoorSettings, certificates?: Certificates) {
    this.certificates = certificates;
    this.intake = intake;
    this.settings = settings;
    this.overloaded = undefined;
  }

  async listen(): Promise<string> {
    this.grpc = require('@grpc/grpc-js') as typeof Grpc;
    const { host, port } = this.settings.endpoint;
    await expectFree(this.settings.endpoint);
    this.gate = this.intake.gate && new GrpcGate(this.grpc, this.intake.gate);
    this.server = new this.grpc.Server(this.options());
    this.server.addService(
      Object.fromEntries(signals.map((signal) => [signal, method(services[signal])])),
      Object.fromEntries(
        signals.map((signal) => [signal, (call: Call, answer: Answer) => void this.export(signal, call, answer)]),
      ),
    );
    const credentials = this.certificates
      ? serverCredentials(this.grpc, this.certificates)
      : this.grpc.ServerCredentials.createInsecure();
    const bound = await new Promise<number>((resolve, reject) => {
      this.server.bindAsync(formatAddress({ host, port }), credentials, (error, real) => {
        if (error === null) resolve(real);
        else reject(listenError('grpc', this.settings.endpoint, error));
      });
    });
    return `${this.certificates ? 'grpcs' : 'grpc'}://${formatAddress({ host, port: bound })}`;
  }

  stop(): void {}

  async close(): Promise<void> {
    if (this.server === undefined) return;
    // The outcome of a request and this call may come in the same turn: its answer goes first.
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise<void>((resolve) => {
      const deadline = setTimeout(() => this.server.forceShutdown(), lingerMs);
      this.server.tryShutdown(() => {
        clearTimeout(deadline);
        resolve();
      });
    });
    this.server.forceShutdown();
  }

  private options(): Grpc.ServerOptions {
    const { keepAlive, maxConnectionAge } = this.settings;
    return {
      'grpc.max_receive_message_length': this.intake.maxBytes,
      'grpc.keepalive_time_ms': keepAlive,
      'grpc.keepalive_timeout_ms': 20_000,
      'grpc.keepalive_permit_without_calls': 1,
      ...(this.gate && { interceptors: [this.gate.interceptor] }),
      ...(maxConnectionAge === undefined ? {} : { 'grpc.max_connection_age_ms': maxConnectionAge }),
    };
  }

  private async export(signal: Signal, call: Call, answer: Answer): Promise<void> {
    const { host } = this.intake;
    const bytes = call.request;
    let lease: ReturnType<Host['admission']['acquire']>;
    try {
      if (!this.intake.takes(signal)) throw notTaken(signal);
      if (this.intake.stopping) throw comeBack();
      lease = host.admission.acquire(bytes.length, signal);
      if (lease === undefined) {
        answer((this.overloaded ??= statusFor(this.grpc, overloaded())));
        return;
      }
      const flow = host.flow(new GrpcRequest(call, this.gate?.identityOf(call.metadata)));
      await this.intake.handle(signal, bytes, 'protobuf', flow);
      answer(null, successOf(signal, 'protobuf', flow.refused, flow.refusal));
    } catch (error) {
      if (!(error instanceof PipelineError)) host.logger.error({ err: error, signal }, 'a request failed unexpectedly');
      answer(statusFor(this.grpc, PipelineError.from(error)));
    } finally {
      lease?.release();
    }
  }
}

/** The `{ signal, peer }` of a call's flow, made only when a component asks for them. */
class GrpcRequest {
  declare private readonly call: Call;
  declare private readonly identity: Identity | undefined;
  declare private aborter: AbortController | undefined;

  constructor(call: Call, identity: Identity | undefined) {
    this.call = call;
    this.identity = identity;
    this.aborter = undefined;
  }

  get signal(): AbortSignal {
    if (this.aborter === undefined) {
      const aborter = new AbortController();
      this.aborter = aborter;
      if (this.call.cancelled) aborter.abort();
      else this.call.once('cancelled', () => aborter.abort());
    }
    return this.aborter.signal;
  }

  get peer(): GrpcPeer {
    return new GrpcPeer(this.call, this.identity);
  }
}

// grpc-js prints to the terminal when it cannot bind, and tells the reason only as text; so the address is tried before.
async function expectFree(address: Address): Promise<void> {
  const probe = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once('error', reject);
      probe.listen(address, () => probe.close(() => resolve()));
    });
  } catch (error) {
    throw listenError('grpc', address, error);
  }
}

function method(path: string): Grpc.MethodDefinition<Buffer, Buffer> {
  return {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
}

function asIs(bytes: Buffer): Buffer {
  return bytes;
}
