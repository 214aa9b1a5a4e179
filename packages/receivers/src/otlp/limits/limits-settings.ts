import { bytes } from '@otelier/core';
import * as v from 'valibot';

/** The limits in force; sizes in bytes. */
export interface LimitsSettings {
  readonly by?: 'client' | 'address' | undefined;
  readonly requestsPerSecond?: number | undefined;
  readonly bytesPerSecond?: number | undefined;
  readonly inFlight?: number | undefined;
  readonly requests?: number | undefined;
  readonly connections: number;
  readonly connectionsPerAddress?: number | undefined;
}

const count = v.pipe(
  v.number(),
  v.check((n) => Number.isSafeInteger(n) && n >= 1, 'a whole number from 1 on'),
);
const size = v.pipe(
  bytes(),
  v.check((n) => n >= 1, 'a size of at least 1B'),
);

/** Reads the option `limits`. */
export const limitsSchema: v.GenericSchema<unknown, LimitsSettings> = v.strictObject({
  by: v.optional(v.picklist(['client', 'address'])),
  requestsPerSecond: v.optional(count),
  bytesPerSecond: v.optional(size),
  inFlight: v.optional(size),
  requests: v.optional(count),
  connections: v.optional(count, 10_000),
  connectionsPerAddress: v.optional(count),
}) as v.GenericSchema<unknown, LimitsSettings>;
