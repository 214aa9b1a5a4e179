import type { Host } from '@otelier/core';
import { type Outlets, type Receiver, type RunningReceiver, receiver, type Signal, signals } from '@otelier/core';
import { isLoopback } from './address.js';
import { Gate } from './auth/gate.js';
import { Certificates } from './certificates.js';
import type { Door } from './door.js';
import { GrpcDoor } from './grpc-door.js';
import { HttpDoor } from './http-door.js';
import { IdentityStamp } from './identity/identity-stamp.js';
import { Intake } from './intake.js';
import { Limits } from './limits/limits.js';
import type { OtlpReceiverOptions } from './options.js';
import { Refusals } from './refusals.js';
import { keyOf, type OtlpReceiverSettings, parseSettings, toldOptions } from './settings.js';

export { anyOf } from './auth/any-of.js';
export type { Authenticate, Authenticator, AuthFailure, AuthRequest, Verdict } from './auth/authenticator.js';
export { type BasicOptions, basic } from './auth/basic.js';
export { type BearerOptions, bearer, type Tokens } from './auth/bearer.js';
export { clientCertificate } from './auth/client-certificate.js';
export { type JwtOptions, jwt } from './auth/jwt.js';
export type {
  GrpcDoorOptions,
  HttpDoorOptions,
  LimitsOptions,
  OtlpReceiverOptions,
  ReceiverTlsOptions,
} from './options.js';

/**
 * Receives OTLP over gRPC (`127.0.0.1:4317`) and HTTP (`127.0.0.1:4318`, protobuf and JSON); logs, metrics and traces.
 *
 * A request is answered when the pipelines have settled its data: success means delivered, dropped on purpose, or kept by a `queue`.
 *
 * @throws {ConfigError} when an option is wrong.
 */
export function otlpReceiver(options: OtlpReceiverOptions = {}): Receiver<Signal> {
  const settings = parseSettings(options);
  return receiver('otlp', signals, (out, host) => start(settings, out, host), {
    key: keyOf(settings),
    options: toldOptions(options),
  });
}

async function start(settings: OtlpReceiverSettings, out: Outlets<Signal>, host: Host): Promise<RunningReceiver> {
  const { auth, identity, tls } = settings;
  await auth?.start?.(host);
  const refusals = new Refusals(host);
  const intake = new Intake(out, host, {
    maxBytes: settings.maxBytes,
    refusals,
    limits: new Limits(settings.limits, host, refusals, auth !== undefined),
    gate: auth && new Gate(auth, host, refusals),
    stamp: identity && new IdentityStamp(identity),
  });
  const certificates = tls && (await Certificates.read(tls, host));
  warnOfOpenDoor(settings, host);
  const doors: Door[] = [];
  if (settings.grpc !== false) doors.push(new GrpcDoor(intake, settings.grpc, certificates));
  if (settings.http !== false) doors.push(new HttpDoor(intake, settings.http, certificates));

  const opened = await Promise.allSettled(doors.map((door) => door.listen()));
  const failed = opened.find((outcome) => outcome.status === 'rejected');
  const close = async () => {
    certificates?.close();
    await Promise.all(doors.map((door) => door.close()));
  };
  if (failed !== undefined) {
    await close();
    throw failed.reason;
  }
  return {
    endpoints: opened.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])),
    stop: async () => {
      // A reload has kept the event loop busy: what has come meanwhile on connections that look idle is read first, not cut off.
      for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
      intake.stopping = true;
      for (const door of doors) door.stop();
    },
    giveWay: () => {
      const ends = doors.map((door) => door.giveWay());
      return () => {
        for (const end of ends) end();
      };
    },
    close,
  };
}

function warnOfOpenDoor({ grpc, http, auth, tls }: OtlpReceiverSettings, host: Host): void {
  const isOpen = [grpc, http].some((door) => door !== false && !isLoopback(door.endpoint.host));
  if (!isOpen) return;
  if (auth === undefined) host.logger.warn({}, 'everybody who can connect may send, and say to be anybody');
  else if (tls === undefined)
    host.logger.warn({}, 'credentials come in clear text: use tls, unless something in front of this receiver does');
}
