import { type Exporter, type Signal, signals } from '@otelier/core';
import { expect } from 'vitest';
import { otlpExporterFromEnv } from '../../../packages/exporters/src/otlp/otlp.js';
import { testFlow, testHost } from '../../../packages/exporters/test/host.js';
import { httpServer, type Seen } from '../../../packages/exporters/test/servers.js';
import { parseRequest } from '../../../packages/testing/src/captures/request.js';
import { sample } from '../receiver/server.js';

type Env = Readonly<Record<string, string>>;

/** The exporter that `OTEL_EXPORTER_OTLP_*` of these names describe. */
export function fromEnv(env: Env): Exporter<Signal> {
  const named = Object.entries(env).map(([name, value]) => [`OTEL_EXPORTER_OTLP_${name}`, value]);
  const exporter = otlpExporterFromEnv(Object.fromEntries(named));
  return exporter ?? expect.unreachable('the variables name no endpoint');
}

/** Sends one recorded request of a signal. */
export async function send(exporter: Exporter<Signal>, signal: Signal): Promise<void> {
  const stage = exporter[signal](testHost({ signal }));
  await stage.start?.();
  try {
    await stage.consume(parseRequest(signal, Buffer.from(sample(signal, 'protobuf'))) as never, testFlow());
  } finally {
    await stage.close?.();
  }
}

/** What a server sees of all three signals with these variables. */
export async function sent(env: (url: string) => Env): Promise<readonly Seen[]> {
  const server = await httpServer(() => ({}));
  try {
    for (const signal of signals) await send(fromEnv(env(server.url)), signal);
  } finally {
    await server.close();
  }
  return server.seen;
}

/** Where the signals go, as printed. */
export function targets(env: Env): Readonly<Record<string, string>> {
  const shown = fromEnv(env).options as Readonly<Record<Signal, { endpoints: Record<string, string> }>>;
  return Object.fromEntries(signals.map((signal) => [signal, shown[signal].endpoints[signal] as string]));
}

/** An option in force for each signal. */
export function option(env: Env, name: string): unknown[] {
  const shown = fromEnv(env).options as Readonly<Record<Signal, Readonly<Record<string, unknown>>>>;
  return signals.map((signal) => shown[signal][name]);
}
