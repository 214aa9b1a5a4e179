import type { PeerCertificate } from 'node:tls';
import type { Identity } from '@otelier/core';
import { type Authenticator, identityOf } from './authenticator.js';

/**
 * Lets in whoever shows a client certificate that `tls.ca` trusts. The claims are `subject` (`subject.CN`), `issuer`, `dns`, `email`,
 * `uri` and `ip` (lists, from the alternative names), `fingerprint` (SHA-256) and `serialNumber`.
 */
export function clientCertificate(): Authenticator {
  // One certificate object belongs to one connection.
  const known = new WeakMap<PeerCertificate, Identity>();
  return {
    name: 'client certificate',
    challenge: '',
    key: 'client certificate',
    authenticate({ certificate }) {
      if (certificate === undefined) return 'no credentials';
      let identity = known.get(certificate);
      if (identity === undefined) {
        identity = identityOf(certificateClaims(certificate));
        known.set(certificate, identity);
      }
      return identity;
    },
  };
}

/** What a certificate says of its holder. */
export function certificateClaims(certificate: PeerCertificate): Readonly<Record<string, unknown>> {
  const { subject, issuer, fingerprint256, serialNumber } = certificate;
  return {
    subject: { ...subject },
    issuer: { ...issuer },
    ...alternativeNames(certificate.subjectaltname),
    fingerprint: fingerprint256,
    serialNumber,
  };
}

const kinds: ReadonlyMap<string, 'dns' | 'email' | 'ip' | 'uri'> = new Map([
  ['DNS', 'dns'],
  ['email', 'email'],
  ['IP Address', 'ip'],
  ['URI', 'uri'],
]);

/** Node's text of the alternative names by kind; names that could be taken for others stand in it as JSON strings. */
export function alternativeNames(text: string | undefined): Record<'dns' | 'email' | 'ip' | 'uri', readonly string[]> {
  const names = { dns: [] as string[], email: [] as string[], ip: [] as string[], uri: [] as string[] };
  for (const [, type = '', value = ''] of (text ?? '').matchAll(/([^:,\s][^:,]*):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g)) {
    const kind = kinds.get(type);
    if (kind !== undefined) names[kind].push(value.startsWith('"') ? (JSON.parse(value) as string) : value);
  }
  return names;
}
