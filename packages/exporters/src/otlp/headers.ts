import { Secret } from '@otelier/core';
import type { HeadersHelper } from './headers-helper.js';

/** Request headers or gRPC metadata by name. */
export type Headers = Readonly<Record<string, string>>;

/** Headers whose values may be secrets; those from files are read again when the file changes. */
export type SecretHeaders = Readonly<Record<string, string | Secret>>;

/** Headers, a function that makes them before every request, or a {@link headersHelper}, which keeps them for a while. */
export type HeaderSource = SecretHeaders | (() => Headers | Promise<Headers>) | HeadersHelper;

const token = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i;
const printable = /^[ -~]*$/;
const ours = new Set(['connection', 'content-encoding', 'content-length', 'content-type', 'te', 'transfer-encoding']);

/** What is wrong with the headers, if anything; never tells a value, which may be a secret. */
export function headerMistake(headers: SecretHeaders): { name: string; expected: string } | undefined {
  for (const [name, value] of Object.entries(headers)) {
    if (!token.test(name))
      return { name: JSON.stringify(name), expected: 'a header name (letters, digits and hyphens)' };
    if (name.toLowerCase().endsWith('-bin')) return { name, expected: 'a header whose value is text (not -bin)' };
    if (ours.has(name.toLowerCase())) return { name, expected: 'no such header (the exporter sets it itself)' };
    if (value instanceof Secret) continue;
    if (typeof value !== 'string') return { name, expected: 'a string' };
    if (!printable.test(value)) return { name, expected: 'a value of printable ASCII characters' };
  }
  return undefined;
}
