import { bytes, duration, parseOptions } from '@otelier/core';
import * as v from 'valibot';
import { type Address, addressForm, parseAddress } from './address.js';
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
  readonly maxConnectionAge?: number | undefined;
}

/** The receiver's options in force. */
export interface OtlpReceiverSettings {
  readonly grpc: GrpcDoorSettings | false;
  readonly http: HttpDoorSettings | false;
  readonly maxBytes: number;
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

const schema: v.GenericSchema<unknown, OtlpReceiverSettings> = v.pipe(
  v.strictObject({
    grpc: v.optional(door(grpcDoor), {}),
    http: v.optional(door(httpDoor), {}),
    maxBytes: v.optional(bytes(), defaults.maxBytes),
  }),
  v.check((settings) => settings.grpc !== false || settings.http !== false, 'at least one of grpc and http to be on'),
) as v.GenericSchema<unknown, OtlpReceiverSettings>;

/** @throws {ConfigError} naming every wrong option. */
export function parseSettings(options: OtlpReceiverOptions): OtlpReceiverSettings {
  return parseOptions('otlpReceiver', schema, options);
}

/** The options as a person would write them, for printing: where the doors are, the size limit, and what else was given. */
export function toldOptions(options: OtlpReceiverOptions): Required<OtlpReceiverOptions> {
  const { grpc = {}, http = {}, maxBytes = defaults.maxBytes } = options;
  return { grpc: toldDoor(grpc, defaults.grpc), http: toldDoor(http, defaults.http), maxBytes };
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
