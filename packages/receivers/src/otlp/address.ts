import { isIPv4 } from 'node:net';

/** A parsed `host:port`. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What to write where a `host:port` is expected. */
export const addressForm = "host:port such as '127.0.0.1:4318' or '[::1]:4318'";

/** The parts of `host:port`, or undefined when the text is not one. */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

/** `host:port` as it is written in options, IPv6 in brackets. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether only this machine can connect to a host of that name: `localhost`, 127.0.0.0/8 or ::1. */
export function isLoopback(host: string): boolean {
  const address = host.toLowerCase().replace(/^::ffff:/, '');
  return address === 'localhost' || address === '::1' || (isIPv4(address) && address.startsWith('127.'));
}
