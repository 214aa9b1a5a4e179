import { createRequire } from 'node:module';
import type * as Grpc from '@grpc/grpc-js';
import { type Identity, PipelineError, type RequestFlow, type Signal, signals } from '@otelier/core';
import { formatAddress } from './address.js';
import { successOf } from './answer.js';
import type { Certificates } from './certificates.js';
import type { Door } from './door.js';
import { GrpcEntrance } from './grpc-entrance.js';
import { GrpcFront } from './grpc-front.js';
import { GrpcGate, statusFor } from './grpc-gate.js';
import { GrpcPeer } from './grpc-peer.js';
import { services } from './grpc-services.js';
import { GrpcSessions } from './grpc-sessions.js';
import { comeBack, type Intake, notTaken } from './intake.js';
import { maxCalls } from './limits/grpc-connection.js';
import type { GrpcDoorSettings } from './settings.js';
import { TlsHandshakes } from './tls-handshakes.js';

/** How long close() waits for answers that are still on their way. */
const lingerMs = 1000;

/** Memory that HTTP/2 may take for a connection; grpc-js would set no bound. */
const sessionMegabytes = 10;

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
  declare private gate: GrpcGate;
  declare private front: GrpcFront | undefined;
  declare private sessions: GrpcSessions;
  declare private server: Grpc.Server;

  constructor(intake: Intake, settings: GrpcDoorSettings, certificates?: Certificates) {
    this.certificates = certificates;
    this.intake = intake;
    this.settings = settings;
  }

  async listen(): Promise<string> {
    this.grpc = require('@grpc/grpc-js') as typeof Grpc;
    const { endpoint } = this.settings;
    const sessions = new GrpcSessions(this.intake, this.settings, new GrpcEntrance(this.grpc, this.intake));
    this.sessions = sessions;
    this.gate = new GrpcGate(this.grpc, this.intake, sessions);
    this.server = new this.grpc.Server(this.options());
    this.server.addService(
      Object.fromEntries(signals.map((signal) => [signal, method(services[signal])])),
      Object.fromEntries(
        signals.map((signal) => [signal, (call: Call, answer: Answer) => void this.export(signal, call, answer)]),
      ),
    );
    // TLS is ended before grpc-js, which neither bounds nor tells what fails in a handshake.
    const injector = this.server.createConnectionInjector(this.grpc.ServerCredentials.createInsecure());
    sessions.watch(this.server);
    const handshakes =
      this.certificates &&
      new TlsHandshakes(this.intake.host, this.certificates, {
        ...{ transport: 'grpc', protocol: 'h2', timeout: this.settings.handshakeTimeout },
        take: (socket) => {
          sessions.encrypted(socket);
          injector.injectConnection(socket);
        },
      });
    const front = new GrpcFront(this.intake, (socket) => {
      sessions.enter(socket, handshakes !== undefined);
      if (handshakes === undefined) injector.injectConnection(socket);
      else handshakes.begin(socket);
    });
    this.front = front;
    const port = await front.listen(endpoint);
    return `${this.certificates ? 'grpcs' : 'grpc'}://${formatAddress({ host: endpoint.host, port })}`;
  }

  stop(): void {}

  giveWay(): () => void {
    return this.front?.giveWay() ?? (() => {});
  }

  async close(): Promise<void> {
    if (this.server === undefined) return;
    // The outcome of a request and this call may come in the same turn: its answer goes first.
    await new Promise((resolve) => setImmediate(resolve));
    this.front?.stop();
    await new Promise<void>((resolve) => {
      const deadline = setTimeout(() => {
        this.server.forceShutdown();
        // A client that reads nothing would be waited for.
        this.front?.destroy();
      }, lingerMs);
      this.server.tryShutdown(() => {
        // With Node 24 grpc-js finds sessions closed that are still answering, and does not wait for them.
        void this.sessions.ended().then(() => {
          clearTimeout(deadline);
          resolve();
        });
      });
    });
    this.server.forceShutdown();
    this.sessions.close();
    // Those whose handshake was not done are nobody else's.
    this.front?.destroy();
  }

  private options(): Grpc.ServerOptions {
    const { idleTimeout, keepAlive, maxConnectionAge } = this.settings;
    return {
      'grpc.max_receive_message_length': this.intake.maxBytes,
      'grpc.keepalive_time_ms': keepAlive,
      'grpc.keepalive_timeout_ms': 20_000,
      'grpc.keepalive_permit_without_calls': 1,
      'grpc.max_connection_idle_ms': idleTimeout,
      'grpc.max_concurrent_streams': maxCalls,
      'grpc-node.max_session_memory': sessionMegabytes,
      // Its statistics of every call, which nobody here can ask for.
      'grpc.enable_channelz': 0,
      interceptors: [this.gate.interceptor],
      ...(maxConnectionAge === undefined ? {} : { 'grpc.max_connection_age_ms': maxConnectionAge }),
    };
  }

  private async export(signal: Signal, call: Call, answer: Answer): Promise<void> {
    const incoming = this.gate.of(call.metadata);
    if (incoming.isRefused) return;
    const { host } = this.intake;
    const bytes = call.request;
    try {
      const refusal = this.refusal(signal) ?? incoming.arrived(bytes.length, signal);
      if (refusal !== undefined) {
        answer(statusFor(this.grpc, refusal));
        return;
      }
      const flow = host.flow(new GrpcRequest(call, incoming.identity));
      await this.deliver(signal, bytes, flow);
      answer(null, successOf(signal, 'protobuf', flow.refused, flow.refusal));
    } catch (error) {
      if (!(error instanceof PipelineError)) host.logger.error({ err: error, signal }, 'a request failed unexpectedly');
      answer(statusFor(this.grpc, PipelineError.from(error)));
    } finally {
      incoming.answered();
    }
  }

  private refusal(signal: Signal): PipelineError | undefined {
    const { intake } = this;
    if (intake.takes(signal) && !intake.stopping) return undefined;
    intake.refusals.request('grpc', intake.takes(signal) ? 'shutting down' : 'no pipeline');
    return intake.takes(signal) ? comeBack() : notTaken(signal);
  }

  private deliver(signal: Signal, bytes: Buffer, flow: RequestFlow): Promise<void> {
    try {
      return this.intake.handle(signal, bytes, 'protobuf', flow);
    } catch (error) {
      this.intake.countUnreadable('grpc', error);
      throw error;
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
