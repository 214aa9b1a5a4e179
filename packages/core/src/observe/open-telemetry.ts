import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
// All copies of the API keep what programs registered under this symbol, so asking it does not load the API.
const registry = Symbol.for('opentelemetry.js.api.1');
// The key by which OpenTelemetry's instrumentations know calls that they must not trace.
const suppressTracing = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

type Api = typeof import('@opentelemetry/api');

/** The OpenTelemetry API, loaded on first use: a program that observes nothing starts without it. */
export function openTelemetry(): Api {
  return require('@opentelemetry/api') as Api;
}

/** Whether the program has registered this part of the OpenTelemetry SDK. */
export function isRegistered(part: 'metrics' | 'context'): boolean {
  return (globalThis as { [registry]?: Record<string, unknown> })[registry]?.[part] !== undefined;
}

/** Runs what sends telemetry without being traced itself: the spans of its requests would be telemetry to send. */
export function untraced<T>(run: () => T): T {
  if (!isRegistered('context')) return run();
  const { context } = openTelemetry();
  return context.with(context.active().setValue(suppressTracing, true), run);
}
