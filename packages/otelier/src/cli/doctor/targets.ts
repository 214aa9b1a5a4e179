import { type Signal, signals } from '@otelier/core';
import { isOn, type Variables } from './variables.js';

/** OTLP transports that Claude Code knows. */
export const protocols = ['http/protobuf', 'http/json', 'grpc'] as const;

/** One of {@link protocols}. */
export type Protocol = (typeof protocols)[number];

/** Where and how Claude Code would send one signal. */
export interface Target {
  readonly signal: Signal;
  readonly protocol: Protocol;
  /** The variable that says so; undefined when none has a meaning and the newest client's default is taken. */
  readonly protocolFrom: string | undefined;
  /** The variable that names the endpoint; undefined for the default. */
  readonly endpointFrom: string | undefined;
  /** The URL that requests go to, with its path over HTTP; undefined when the endpoint is none, or only a running shell knows it. */
  readonly url: URL | undefined;
}

/** Exporters that a signal's variable lists, such as `['console', 'otlp']`; empty when it is not set. */
export function exportersOf(variables: Variables, signal: Signal): readonly string[] {
  const text = variables.get(`OTEL_${signal.toUpperCase()}_EXPORTER`) ?? '';
  return text.split(',').flatMap((each) => each.trim() || []);
}

/** Whether Claude Code would make this signal at all. */
export function isProduced(variables: Variables, signal: Signal): boolean {
  return signal !== 'traces' || isOn(variables.get('CLAUDE_CODE_ENHANCED_TELEMETRY_BETA'));
}

/** The targets of the signals that leave by OTLP. */
export function targets(variables: Variables): Target[] {
  return signals
    .filter((signal) => exportersOf(variables, signal).includes('otlp') && isProduced(variables, signal))
    .map((signal) => target(variables, signal));
}

/** The variable of a signal (`OTEL_EXPORTER_OTLP_LOGS_PROTOCOL`), or the common one. */
export function otlpVariables(signal: Signal, name: string): readonly [own: string, common: string] {
  return [`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${name}`, `OTEL_EXPORTER_OTLP_${name}`];
}

function target(variables: Variables, signal: Signal): Target {
  const given = variables.first(...otlpVariables(signal, 'PROTOCOL'));
  const protocol = protocols.find((each) => each === given?.value);
  const effective = protocol ?? 'http/protobuf';
  const [own, common] = otlpVariables(signal, 'ENDPOINT');
  const unknown = [own, common].some((name) => variables.isUnknown(name));
  const endpoint = variables.first(own, common);
  const text = endpoint?.value ?? `http://localhost:${effective === 'grpc' ? 4317 : 4318}`;
  return {
    signal,
    protocol: effective,
    protocolFrom: protocol && given?.name,
    endpointFrom: endpoint?.name ?? (unknown ? common : undefined),
    url: endpoint === undefined && unknown ? undefined : requestUrl(text, effective, signal, endpoint?.name === own),
  };
}

/**
 * The URL that the client posts to: a common endpoint gets `/v1/<signal>`, an own one is taken as it stands (without a path it is `/`); gRPC
 * takes host and port only, and TLS unless the scheme says otherwise.
 */
function requestUrl(text: string, protocol: Protocol, signal: Signal, verbatim: boolean): URL | undefined {
  const whole = protocol === 'grpc' && !/^\w+:\/\//.test(text) ? `https://${text}` : text;
  if (!URL.canParse(whole)) return undefined;
  const url = new URL(whole);
  if ((url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '') return undefined;
  if (protocol === 'grpc') return new URL(url.origin);
  if (!verbatim) url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/${signal}`;
  return url;
}

/** A URL for people: without user, password and the values of its query. */
export function shownUrl(url: URL): string {
  const query = [...url.searchParams.keys()].map((name) => `${name}=…`).join('&');
  return `${url.origin}${url.pathname === '/' ? '' : url.pathname}${query && `?${query}`}`;
}
