import { isIPv4 } from 'node:net';

/** A parsed `host:port`. */
export interface HealthAddress {
  readonly host: string;
  readonly port: number;
}

/** The parts of `host:port`, IPv6 in brackets; undefined when the text is not one. */
export function parseHealthAddress(text: string): HealthAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

/** Whether only this machine can connect to it. */
export function isLocal({ host }: HealthAddress): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
