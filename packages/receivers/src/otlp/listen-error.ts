import { PipelineError } from '@otelier/core';
import { type Address, formatAddress } from './address.js';

const advice: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken. Stop the program that listens there (another collector?), or choose another port',
  EACCES: 'not allowed. Ports below 1024 need privileges; choose a higher one',
  EADDRNOTAVAIL:
    'this machine does not have that address. Use 127.0.0.1 for this machine only, 0.0.0.0 for every interface',
  ENOTFOUND: 'that host name is not known. Use an address, such as 127.0.0.1',
  EAI_AGAIN: 'that host name could not be looked up. Use an address, such as 127.0.0.1',
  EAFNOSUPPORT: 'this machine has no such address family. Use 127.0.0.1 instead of an IPv6 address',
};

/** The error of a door that could not bind: names `host:port`, what is wrong and which option to change. */
export function listenError(door: 'grpc' | 'http', address: Address, cause: unknown): PipelineError {
  const text =
    cause instanceof Error ? `${(cause as NodeJS.ErrnoException).code ?? ''} ${cause.message}` : String(cause);
  const code = Object.keys(advice).find((known) => text.includes(known));
  const why = code === undefined ? text.trim() : advice[code];
  const at = formatAddress(address);
  return new PipelineError('unavailable', `cannot listen on ${at}: ${why} (otlpReceiver, option ${door}: '${at}')`, {
    cause,
  });
}
