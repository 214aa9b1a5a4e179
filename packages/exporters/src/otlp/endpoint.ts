import { ConfigError, type Signal, signals } from '@otelier/core';
import type { OtlpSettings } from './options.js';

/** Where one signal goes. */
export interface Endpoint {
  /** With path and query. Not for people: a query may hold a secret. */
  readonly url: URL;
  /** Origin and path, for messages. */
  readonly label: string;
}

const shape = "a URL such as 'http://127.0.0.1:4318' or 'https://otlp.example.com'";

/**
 * The endpoint of each signal that has one.
 *
 * @throws {ConfigError} when there is none at all, or one is not an http or https URL.
 */
export function endpoints(settings: OtlpSettings): { readonly [S in Signal]?: Endpoint } {
  const found: { [S in Signal]?: Endpoint } = {};
  const base = settings.endpoint === undefined ? undefined : parse('endpoint', settings.endpoint);
  for (const signal of signals) {
    const option = `${signal}Endpoint` as const;
    const own = settings[option];
    if (own !== undefined) found[signal] = endpoint(option, parse(option, own), settings);
    else if (base !== undefined) found[signal] = endpoint('endpoint', withSignalPath(base, signal, settings), settings);
  }
  if (Object.keys(found).length === 0) throw new ConfigError('otlpExporter: endpoint', shape);
  return found;
}

function parse(option: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '') {
    throw new ConfigError(`otlpExporter: ${option}`, shape);
  }
  if (url.username !== '' || url.password !== '') {
    throw new ConfigError(`otlpExporter: ${option}`, 'a URL without user and password (put them into headers)');
  }
  return url;
}

function withSignalPath(base: URL, signal: Signal, settings: OtlpSettings): URL {
  if (settings.protocol === 'grpc') return base;
  const url = new URL(base);
  url.pathname = `${base.pathname.replace(/\/+$/, '')}/v1/${signal}`;
  return url;
}

function endpoint(option: string, url: URL, settings: OtlpSettings): Endpoint {
  if (settings.protocol !== 'grpc') return { url, label: url.origin + url.pathname };
  if (url.pathname !== '/' || url.search !== '') {
    throw new ConfigError(`otlpExporter: ${option}`, "a URL without a path over gRPC, such as 'http://127.0.0.1:4317'");
  }
  return { url, label: url.origin };
}
