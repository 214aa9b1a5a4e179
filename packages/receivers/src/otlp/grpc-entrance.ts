import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type * as Grpc from '@grpc/grpc-js';
import type { PipelineError } from '@otelier/core';
import { stopReading } from './grpc-call.js';
import { statusFor } from './grpc-gate.js';
import { signalByPath } from './grpc-services.js';
import type { Intake } from './intake.js';
import type { GrpcConnection } from './limits/grpc-connection.js';
import { callTurns } from './turns.js';

/** Calls that wait for their turn or their refusal, at most: what their clients send meanwhile, up to 64 KiB of each, is in nobody's budget. */
const maxWaiting = 512;

/**
 * Refuses calls by their headers, or has them wait for a turn of the event loop, before grpc-js makes anything of them.
 *
 * How long a message is, is not known yet; the last one of the connection stands for it, and less from refusal to refusal. Where clients are told
 * apart by their identity nothing is refused here.
 */
export class GrpcEntrance {
  private readonly grpc: typeof Grpc;
  private readonly intake: Intake;
  private readonly answers: WeakMap<PipelineError, OutgoingHttpHeaders>;
  private waiting: number;

  constructor(grpc: typeof Grpc, intake: Intake) {
    this.grpc = grpc;
    this.intake = intake;
    this.answers = new WeakMap();
    this.waiting = 0;
  }

  /** Answers a call for which there is no room. What has its turn later resolves with whether it may come in then, undefined is now. */
  ask(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    connection: GrpcConnection,
  ): 'refused' | Promise<boolean> | undefined {
    // HTTP/2 has refused it.
    if (stream.closed) return undefined;
    if (this.refuses(stream, headers, connection)) return 'refused';
    const turn = this.waiting < maxWaiting ? callTurns.wait(connection.usualBytes) : undefined;
    if (turn === undefined) return undefined;
    this.waiting++;
    stream.on('error', ignore);
    return turn.then(() => {
      this.waiting--;
      return !stream.closed && !stream.destroyed && !this.refuses(stream, headers, connection);
    });
  }

  private refuses(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, connection: GrpcConnection): boolean {
    const signal = signalByPath.get(headers[':path'] as string);
    const { intake } = this;
    const { limits, host } = intake;
    // Whose share is meant is known behind the gate only.
    if (limits.byIdentity || intake.stopping || signal === undefined || !intake.takes(signal)) return false;
    const refusal = limits.look(connection.client, connection.usualBytes, 'grpc', signal);
    if (refusal === undefined) return false;
    // The next message may be smaller; in the end one is looked at again.
    connection.usualBytes *= 3 / 4;
    // grpc-js would listen; without anybody a client that takes its call back would end the process.
    stream.on('error', ignore);
    const waitMs = host.admission.refuseAfterMs;
    if (waitMs === 0 || this.waiting >= maxWaiting) this.answer(stream, refusal);
    else this.answerLater(waitMs, stream, refusal);
    return true;
  }

  /** A sender that waits for its answer sends nothing else on a connection with one call at a time. */
  private answerLater(ms: number, stream: ServerHttp2Stream, refusal: PipelineError): void {
    this.waiting++;
    this.intake.host.clock.after(ms, () => {
      this.waiting--;
      this.answer(stream, refusal);
    });
  }

  private answer(stream: ServerHttp2Stream, refusal: PipelineError): void {
    if (stream.closed || stream.destroyed) return;
    stream.respond(this.headersOf(refusal), { endStream: true });
    stopReading(stream);
  }

  // Nearly all refusals are one of a few errors, each made once.
  private headersOf(refusal: PipelineError): OutgoingHttpHeaders {
    let headers = this.answers.get(refusal);
    if (headers !== undefined) return headers;
    const { code, details, metadata } = statusFor(this.grpc, refusal);
    headers = {
      ':status': 200,
      'content-type': 'application/grpc+proto',
      'grpc-status': code,
      'grpc-message': encodeURI(details),
      ...metadata?.toHttp2Headers(),
    };
    this.answers.set(refusal, headers);
    return headers;
  }
}

function ignore(): void {}
