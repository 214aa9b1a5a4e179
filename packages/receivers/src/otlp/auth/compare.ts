import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

// Digests with a key that is new in every process: nobody can compute one to compare with, and none tells its secret.
const processKey = randomBytes(32);

/** A digest of a secret, for comparing and for keys; worthless outside this process. */
export function digestOf(secret: string): Buffer {
  return createHmac('sha256', processKey).update(secret).digest();
}

/** The index of the digest that equals `given`, or -1; takes the same time whichever it is. */
export function indexOfEqual(digests: readonly Buffer[], given: Buffer): number {
  let found = -1;
  for (let i = 0; i < digests.length; i++) if (timingSafeEqual(digests[i] as Buffer, given)) found = i;
  return found;
}

/** What follows the scheme in an `Authorization` header; undefined for another scheme or form (RFC 9110 section 11.6.2). */
export function credentialsOf(header: string | undefined, scheme: 'basic' | 'bearer'): string | undefined {
  if (header === undefined) return undefined;
  const match = /^([a-z]+) +([A-Za-z0-9\-._~+/]+=*)[ \t]*$/i.exec(header);
  return match?.[1]?.toLowerCase() === scheme ? match[2] : undefined;
}

/** A name or a realm as it may stand in a quoted string of a header. */
export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
