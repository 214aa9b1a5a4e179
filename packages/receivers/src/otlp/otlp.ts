import type { Host } from '@otelier/core';
import { type Outlets, type Receiver, type RunningReceiver, receiver, type Signal, signals } from '@otelier/core';
import type { Door } from './door.js';
import { GrpcDoor } from './grpc-door.js';
import { HttpDoor } from './http-door.js';
import { Intake } from './intake.js';
import type { OtlpReceiverOptions } from './options.js';
import { type OtlpReceiverSettings, parseSettings, toldOptions } from './settings.js';

export type { GrpcDoorOptions, HttpDoorOptions, OtlpReceiverOptions } from './options.js';

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
    key: `otlp:${JSON.stringify(settings)}`,
    options: { ...toldOptions(options) },
  });
}

async function start(settings: OtlpReceiverSettings, out: Outlets<Signal>, host: Host): Promise<RunningReceiver> {
  const intake = new Intake(out, host, settings.maxBytes);
  const doors: Door[] = [];
  if (settings.grpc !== false) doors.push(new GrpcDoor(intake, settings.grpc));
  if (settings.http !== false) doors.push(new HttpDoor(intake, settings.http));

  const opened = await Promise.allSettled(doors.map((door) => door.listen()));
  const failed = opened.find((outcome) => outcome.status === 'rejected');
  const close = async () => {
    await Promise.all(doors.map((door) => door.close()));
  };
  if (failed !== undefined) {
    await close();
    throw failed.reason;
  }
  return {
    endpoints: opened.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])),
    stop: async () => {
      intake.stopping = true;
      for (const door of doors) door.stop();
    },
    close,
  };
}
