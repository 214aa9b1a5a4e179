import { ConfigError, type Exporter, exporterStage, parseOptions, type Signal, signals } from '@otelier/core';
import * as v from 'valibot';
import { clearance, clearanceTrait } from '../clearance.js';
import { endpoints } from './endpoint.js';
import { type OtlpExporterOptions, otlpSettings } from './options.js';
import { otlpStages } from './stages.js';

type Env = Readonly<Record<string, string | undefined>>;
type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What the variables have no word for. */
export type OtlpExporterFromEnvOptions = Pick<OtlpExporterOptions, 'clearance'>;

const schema = v.strictObject({ clearance });

/**
 * An OTLP exporter set up by the usual `OTEL_EXPORTER_OTLP_*` variables, or undefined when they name no endpoint.
 *
 * Each signal follows its own variables (`OTEL_EXPORTER_OTLP_LOGS_PROTOCOL`) before the common ones. Unlike in an SDK there is no
 * default endpoint: it would be this very collector's. A signal that has no endpoint while another has is dropped and counted.
 *
 * @throws {ConfigError} naming the variable, when one has no meaning, or the option; header values are never quoted.
 */
export function otlpExporterFromEnv(
  env: Env = process.env,
  options: OtlpExporterFromEnvOptions = {},
): Exporter<Signal> | undefined {
  const declared = parseOptions('otlpExporterFromEnv', schema, options);
  const common = value(env, 'ENDPOINT');
  const named = signals.filter((signal) => (value(env, `${signal.toUpperCase()}_ENDPOINT`) ?? common) !== undefined);
  if (named.length === 0) return undefined;
  const [logs, metrics, traces] = signals.map((signal) => exporterOf(env, signal));
  const stages = {
    logs: (logs as Exporter<'logs'>).logs,
    metrics: (metrics as Exporter<'metrics'>).metrics,
    traces: (traces as Exporter<'traces'>).traces,
  };
  const shown = { logs: logs?.options, metrics: metrics?.options, traces: traces?.options };
  return exporterStage<Signal>('otlp', stages, { options: shown, ...clearanceTrait(declared.clearance) });
}

function exporterOf(env: Env, signal: Signal): Exporter<Signal> {
  const read = (name: string) => value(env, `${variable(signal)}${name}`) ?? value(env, name);
  const own = value(env, `${variable(signal)}ENDPOINT`);
  const endpoint = own ?? value(env, 'ENDPOINT');
  const options: Writable<OtlpExporterOptions> = {};
  const protocol = read('PROTOCOL');
  if (protocol !== undefined)
    options.protocol = oneOf(env, signal, 'PROTOCOL', protocol, ['http/protobuf', 'http/json', 'grpc']);
  const compression = read('COMPRESSION');
  if (compression !== undefined)
    options.compression = oneOf(env, signal, 'COMPRESSION', compression, ['gzip', 'zstd', 'none']);
  const headers = read('HEADERS');
  if (headers !== undefined) options.headers = headerList(headers, name(env, signal, 'HEADERS'));
  const timeout = read('TIMEOUT');
  if (timeout !== undefined) options.timeout = milliseconds(timeout, name(env, signal, 'TIMEOUT'));
  const ca = read('CERTIFICATE');
  const cert = read('CLIENT_CERTIFICATE');
  const key = read('CLIENT_KEY');
  const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  if (Object.keys(tls).length > 0) options.tls = tls;
  if (endpoint === undefined) return otlpStages(otlpSettings(options), {});
  const insecure = read('INSECURE')?.toLowerCase() === 'true';
  const url =
    protocol === 'grpc' && !endpoint.includes('://') ? `${insecure ? 'http' : 'https'}://${endpoint}` : endpoint;
  if (own === undefined) options.endpoint = url;
  else options[`${signal}Endpoint`] = url;
  try {
    const settings = otlpSettings(options);
    return otlpStages(settings, endpoints(settings));
  } catch (error) {
    if (!(error instanceof ConfigError) || !/ndpoint$/.test(error.path)) throw error;
    throw new ConfigError(name(env, signal, 'ENDPOINT'), error.expected, { cause: error });
  }
}

const prefix = 'OTEL_EXPORTER_OTLP_';

function variable(signal: Signal): string {
  return `${signal.toUpperCase()}_`;
}

/** An empty variable counts as unset (OpenTelemetry specification, "Environment variables"). */
function value(env: Env, variableName: string): string | undefined {
  const text = env[prefix + variableName]?.trim();
  return text === '' ? undefined : text;
}

/** The variable that a signal's value came from, for messages. */
function name(env: Env, signal: Signal, variableName: string): string {
  const own = variable(signal) + variableName;
  return prefix + (value(env, own) === undefined ? variableName : own);
}

function oneOf<T extends string>(
  env: Env,
  signal: Signal,
  variableName: string,
  text: string,
  choices: readonly T[],
): T {
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  throw new ConfigError(name(env, signal, variableName), choices.map((choice) => `'${choice}'`).join(' or '));
}

function milliseconds(text: string, variableName: string): `${number}ms` {
  if (!/^[1-9]\d*$/.test(text)) throw new ConfigError(variableName, 'a whole number of milliseconds above 0');
  return `${Number(text)}ms`;
}

/** `name=value,name=value` with percent-encoded values, as in W3C baggage without its properties. */
function headerList(text: string, variableName: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const pair of text.split(',')) {
    if (pair.trim() === '') continue;
    const equals = pair.indexOf('=');
    if (equals < 1) throw new ConfigError(variableName, "a list such as 'name=value,other=value'");
    try {
      headers[decodeURIComponent(pair.slice(0, equals).trim()).toLowerCase()] = decodeURIComponent(
        pair.slice(equals + 1).trim(),
      );
    } catch (error) {
      throw new ConfigError(variableName, 'percent-encoded values', { cause: error });
    }
  }
  return headers;
}
