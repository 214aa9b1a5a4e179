import { bytes, ConfigError, duration, type PemSource, parseOptions, pemKey, pemSource } from '@otelier/core';
import * as v from 'valibot';
import { type Address, addressForm, formatAddress, isLoopback, parseAddress } from './address.js';
import { type Authenticate, type Authenticator, authenticatorOf } from './auth/authenticator.js';
import { clientCertificate } from './auth/client-certificate.js';
import { claimPathForm, parseClaimPath } from './identity/claim-path.js';
import { type LimitsSettings, limitsSchema } from './limits/limits-settings.js';
import type { OtlpReceiverOptions } from './options.js';

/** The HTTP door's options in force; times in milliseconds. */
export interface HttpDoorSettings {
  readonly endpoint: Address;
  readonly idleTimeout: number;
  readonly headersTimeout: number;
  readonly requestTimeout: number;
}

/** The gRPC door's options in force; times in milliseconds. */
export interface GrpcDoorSettings {
  readonly endpoint: Address;
  readonly keepAlive: number;
  readonly idleTimeout: number;
  readonly handshakeTimeout: number;
  readonly requestTimeout: number;
  readonly maxConnectionAge?: number | undefined;
}

/** The certificates' options in force. */
export interface ReceiverTlsSettings {
  readonly cert: PemSource;
  readonly key: PemSource;
  readonly ca?: PemSource | undefined;
  readonly clientAuth: 'none' | 'request' | 'require';
  readonly reloadInterval: number;
}

/** The receiver's options in force. */
export interface OtlpReceiverSettings {
  readonly grpc: GrpcDoorSettings | false;
  readonly http: HttpDoorSettings | false;
  readonly maxBytes: number;
  readonly auth: Authenticator | undefined;
  readonly identity: Readonly<Record<string, string>> | undefined;
  readonly tls: ReceiverTlsSettings | undefined;
  readonly limits: LimitsSettings;
}

interface Given extends Omit<OtlpReceiverSettings, 'auth'> {
  readonly auth: Authenticator | Authenticate | undefined;
  readonly allowUnauthenticated: boolean;
}

const defaults = { grpc: '127.0.0.1:4317', http: '127.0.0.1:4318', maxBytes: '64MiB' } as const;

const address: v.GenericSchema<string, Address> = v.pipe(
  v.string(),
  v.check((text) => parseAddress(text) !== undefined, addressForm),
  v.transform((text) => parseAddress(text) as Address),
);

const httpDoor: v.GenericSchema<unknown, HttpDoorSettings> = v.strictObject({
  endpoint: v.optional(address, defaults.http),
  idleTimeout: v.optional(duration(), '75s'),
  headersTimeout: v.optional(duration(), '10s'),
  requestTimeout: v.optional(duration(), '60s'),
}) as v.GenericSchema<unknown, HttpDoorSettings>;

const grpcDoor: v.GenericSchema<unknown, GrpcDoorSettings> = v.strictObject({
  endpoint: v.optional(address, defaults.grpc),
  keepAlive: v.optional(duration(), '60s'),
  idleTimeout: v.optional(duration(), '15m'),
  handshakeTimeout: v.optional(duration(), '10s'),
  requestTimeout: v.optional(duration(), '60s'),
  maxConnectionAge: v.optional(duration()),
}) as v.GenericSchema<unknown, GrpcDoorSettings>;

// The schema is chosen by what was given, so that a mistake is told with its own path and expectation, not with a union's.
function door<T extends { readonly endpoint: Address }>(
  options: v.GenericSchema<unknown, T>,
): v.GenericSchema<unknown, T | false> {
  const short = v.pipe(
    address,
    v.transform((endpoint) => ({ ...v.parse(options, {}), endpoint })),
  );
  const schemaFor = (given: unknown) =>
    given === false ? v.literal(false) : typeof given === 'string' ? short : options;
  return v.lazy(schemaFor as (given: unknown) => v.GenericSchema<unknown, T | false>);
}

const tls: v.GenericSchema<unknown, ReceiverTlsSettings> = v.pipe(
  v.strictObject({
    cert: pemSource,
    key: pemSource,
    ca: v.optional(pemSource),
    clientAuth: v.optional(v.picklist(['none', 'request', 'require']), 'none'),
    reloadInterval: v.optional(duration(), '5s'),
  }),
  v.check(
    ({ ca, clientAuth }) => clientAuth === 'none' || ca !== undefined,
    'ca (whose client certificates to trust) beside clientAuth',
  ),
) as v.GenericSchema<unknown, ReceiverTlsSettings>;

const isAuth = (value: unknown): boolean =>
  typeof value === 'function' || (typeof value === 'object' && value !== null && 'authenticate' in value);
const auth = v.pipe(
  v.unknown(),
  v.check(isAuth, 'bearer(), basic(), jwt(), anyOf() or a function'),
  v.transform((value) => value as Authenticator | Authenticate),
);
const claim = v.pipe(
  v.string(),
  v.check((text) => parseClaimPath(text) !== undefined, claimPathForm),
);

const schema: v.GenericSchema<unknown, Given> = v.pipe(
  v.strictObject({
    grpc: v.optional(door(grpcDoor), {}),
    http: v.optional(door(httpDoor), {}),
    maxBytes: v.optional(bytes(), defaults.maxBytes),
    auth: v.optional(auth),
    identity: v.optional(v.record(v.pipe(v.string(), v.minLength(1, "an attribute's name")), claim)),
    allowUnauthenticated: v.optional(v.boolean(), false),
    tls: v.optional(tls),
    limits: v.optional(limitsSchema, {}),
  }),
  v.check((settings) => settings.grpc !== false || settings.http !== false, 'at least one of grpc and http to be on'),
) as v.GenericSchema<unknown, Given>;

/** @throws {ConfigError} naming every wrong option, or the door that would be open to everybody. */
export function parseSettings(options: OtlpReceiverOptions): OtlpReceiverSettings {
  const { allowUnauthenticated, auth: given, ...settings } = parseOptions('otlpReceiver', schema, options);
  const mutual = settings.tls?.clientAuth === 'require' ? clientCertificate() : undefined;
  const checked = given === undefined ? mutual : authenticatorOf(given);
  if (checked === undefined && !allowUnauthenticated) refuseOpenDoor(settings);
  if (checked === undefined && settings.identity !== undefined)
    throw new ConfigError('otlpReceiver: identity', 'auth beside it: without it nothing is known of a sender');
  if (checked === undefined && settings.limits.by === 'client')
    throw new ConfigError(
      'otlpReceiver: limits.by',
      "auth beside 'client': without it clients are only known by address",
    );
  return { ...settings, auth: checked };
}

function refuseOpenDoor({ grpc, http }: Pick<OtlpReceiverSettings, 'grpc' | 'http'>): void {
  for (const [name, settings] of Object.entries({ grpc, http })) {
    if (settings === false || isLoopback(settings.endpoint.host)) continue;
    throw new ConfigError(
      `otlpReceiver: ${name}`,
      `authentication, since other machines can connect to ${formatAddress(settings.endpoint)}: ` +
        "auth: bearer({ tokens: secret.env('OTLP_TOKEN') }), or tls with clientAuth: 'require', " +
        'or a loopback address, or allowUnauthenticated: true to let everybody send',
    );
  }
}

/** The same for settings under which a running receiver may be kept on reload; holds no secret. */
export function keyOf(settings: OtlpReceiverSettings): string {
  const tlsKey = settings.tls && pemKey(settings.tls);
  return `otlp:${JSON.stringify({ ...settings, auth: settings.auth?.key, tlsKey })}`;
}

/** The options as a person would write them, for printing: where the doors are, the size limit, and what else was given. */
export function toldOptions(options: OtlpReceiverOptions): Readonly<Record<string, unknown>> {
  const { grpc = {}, http = {}, maxBytes = defaults.maxBytes, auth: given, tls: certificates, ...more } = options;
  const doors = { grpc: toldDoor(grpc, defaults.grpc), http: toldDoor(http, defaults.http) };
  const files = certificates && { tls: { ...certificates, ...toldPem(certificates) } };
  return { ...doors, maxBytes, ...(given && { auth: authenticatorOf(given).name }), ...files, ...more };
}

function toldPem({ cert, key, ca }: NonNullable<OtlpReceiverOptions['tls']>): object {
  return { cert: String(cert), key: String(key), ...(ca && { ca: String(ca) }) };
}

function toldDoor<T extends { readonly endpoint?: string }>(
  given: string | false | T,
  standard: string,
): string | false | T {
  if (typeof given !== 'object') return given;
  const { endpoint = standard, ...more } = given;
  const isMore = Object.values(more).some((value) => value !== undefined);
  return isMore ? { ...given, endpoint } : endpoint;
}
