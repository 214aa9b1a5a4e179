import * as zlib from 'node:zlib';
import {
  type Bytes,
  bytes,
  ConfigError,
  type Duration,
  duration,
  type FieldClass,
  type PemSource,
  parseOptions,
  pemSource,
  Secret,
} from '@otelier/core';
import * as v from 'valibot';
import { clearance } from '../clearance.js';
import { type HeaderSource, type Headers, headerMistake, type SecretHeaders } from './headers.js';
import { HeadersHelper } from './headers-helper.js';

/** How OTLP travels: HTTP with protobuf bodies, HTTP with JSON bodies, or gRPC. */
export type OtlpProtocol = 'http/protobuf' | 'http/json' | 'grpc';

/** What {@link otlpExporter} may be told. */
export interface OtlpExporterOptions {
  /** Base URL for all signals, such as `http://127.0.0.1:4318`; over HTTP `/v1/<signal>` is appended to its path. */
  readonly endpoint?: string;
  /** Whole URL for logs, used as it stands; so with the other signals. */
  readonly logsEndpoint?: string;
  readonly metricsEndpoint?: string;
  readonly tracesEndpoint?: string;
  /** Default `http/protobuf`. */
  readonly protocol?: OtlpProtocol;
  /** Default `gzip`. `zstd` needs a Node whose `node:zlib` has it, and HTTP. */
  readonly compression?: 'gzip' | 'zstd' | 'none';
  /**
   * Request headers or gRPC metadata, whose values may be `secret.env()` and `secret.file()`; a function that is asked before every request,
   * and once more when the answer is 401; or a {@link headersHelper}, which keeps what it got for a while.
   */
  readonly headers?: HeaderSource;
  /** How long one request may take. Default `10s`. */
  readonly timeout?: Duration;
  /** Larger batches are sent in parts of this many protobuf bytes. Default `64MiB` over HTTP and `4MiB` over gRPC, what servers take by default. */
  readonly maxBytes?: Bytes;
  /** Connections per endpoint. Default 16 over HTTP and 1 over gRPC. */
  readonly connections?: number;
  /** Files in PEM form; changes count for new connections without a gap. */
  readonly tls?: TlsFiles;
  /** Name in telemetry. Default `otlp`. */
  readonly name?: string;
  /** The only temporality that the backend takes; a metrics pipeline that cannot guarantee it is refused. */
  readonly temporality?: 'delta' | 'cumulative';
  /**
   * The classes of fields that may leave here: `['label', 'identity']` for a backend that must not see prompts. A pipeline that
   * lets others through is then refused. Default: nothing is declared and nothing checked.
   */
  readonly clearance?: readonly FieldClass[];
}

/** Certificates for https endpoints: paths of PEM files, or secrets that hold the PEM text. */
export interface TlsFiles {
  /** Certificates to trust instead of the usual ones. */
  readonly ca?: PemSource;
  /** Our certificate, and its key, for mutual TLS. */
  readonly cert?: PemSource;
  readonly key?: PemSource;
  /** How often to look for new ones. Default `5s`. */
  readonly reloadInterval?: Duration;
}

/** {@link TlsFiles} in force. */
export interface TlsSettings {
  readonly ca?: PemSource | undefined;
  readonly cert?: PemSource | undefined;
  readonly key?: PemSource | undefined;
  readonly reloadInterval: number;
}

/** Options in force, checked, with units resolved. */
export interface OtlpSettings {
  readonly endpoint: string | undefined;
  readonly logsEndpoint: string | undefined;
  readonly metricsEndpoint: string | undefined;
  readonly tracesEndpoint: string | undefined;
  readonly protocol: OtlpProtocol;
  readonly compression: 'gzip' | 'zstd' | 'none';
  readonly headers: HeaderSource;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly connections: number;
  readonly tls: TlsSettings;
  readonly name: string;
  readonly temporality: 'delta' | 'cumulative' | undefined;
  readonly clearance: readonly FieldClass[] | undefined;
}

const MiB = 1024 * 1024;

function isRecord(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof HeadersHelper)
    return false;
  return Object.values(value).every((each) => typeof each === 'string' || each instanceof Secret);
}

const schema = v.strictObject({
  endpoint: v.optional(v.string()),
  logsEndpoint: v.optional(v.string()),
  metricsEndpoint: v.optional(v.string()),
  tracesEndpoint: v.optional(v.string()),
  protocol: v.optional(v.picklist(['http/protobuf', 'http/json', 'grpc']), 'http/protobuf'),
  compression: v.optional(v.picklist(['gzip', 'zstd', 'none']), 'gzip'),
  headers: v.optional(
    v.union([
      v.instance(HeadersHelper),
      v.custom<SecretHeaders>(isRecord, 'a record, a function or a headersHelper'),
      v.custom<() => Headers | Promise<Headers>>((value) => typeof value === 'function', 'a record or a function'),
    ]),
  ),
  timeout: v.optional(duration(), '10s'),
  maxBytes: v.optional(bytes()),
  connections: v.optional(v.pipe(v.number(), v.integer('a whole number'), v.minValue(1, 'at least 1'))),
  tls: v.optional(
    v.strictObject({
      ca: v.optional(pemSource),
      cert: v.optional(pemSource),
      key: v.optional(pemSource),
      reloadInterval: v.optional(duration(), '5s'),
    }),
    {},
  ),
  name: v.optional(
    v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]*$/, "a name such as 'otlp' or 'victoria-logs'")),
    'otlp',
  ),
  temporality: v.optional(v.picklist(['delta', 'cumulative'])),
  clearance,
});

/** Checks the options of {@link otlpExporter}. @throws {ConfigError} */
export function otlpSettings(options: OtlpExporterOptions): OtlpSettings {
  const given = parseOptions('otlpExporter', schema, options);
  const grpc = given.protocol === 'grpc';
  if (given.compression === 'zstd' && grpc) {
    throw new ConfigError('otlpExporter: compression', "'gzip' or 'none' over gRPC");
  }
  if (given.compression === 'zstd' && !('zstdCompressSync' in zlib)) {
    throw new ConfigError(
      'otlpExporter: compression',
      `'gzip' or 'none' on Node ${process.versions.node}, which has no zstd`,
    );
  }
  if (typeof given.headers === 'object' && !(given.headers instanceof HeadersHelper)) {
    const mistake = headerMistake(given.headers);
    if (mistake !== undefined) throw new ConfigError(`otlpExporter: headers.${mistake.name}`, mistake.expected);
  }
  if ((given.tls.cert === undefined) !== (given.tls.key === undefined)) {
    throw new ConfigError('otlpExporter: tls', 'cert and key together');
  }
  return {
    endpoint: given.endpoint,
    logsEndpoint: given.logsEndpoint,
    metricsEndpoint: given.metricsEndpoint,
    tracesEndpoint: given.tracesEndpoint,
    protocol: given.protocol,
    compression: given.compression,
    headers: given.headers ?? {},
    timeoutMs: given.timeout,
    maxBytes: given.maxBytes ?? (grpc ? 4 * MiB : 64 * MiB),
    connections: given.connections ?? (grpc ? 1 : 16),
    tls: given.tls,
    name: given.name,
    temporality: given.temporality,
    clearance: given.clearance,
  };
}
