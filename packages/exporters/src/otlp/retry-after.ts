/** What a google.protobuf.Duration may hold: a longer wait could not be told to a sender. */
const longestMs = 315_576_000_000_000;

/**
 * Milliseconds that a `Retry-After` header asks for (RFC 9110 §10.2.3): seconds, or an HTTP date.
 *
 * Undefined when it is absent or makes no sense; 0 for a date that has passed.
 */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  const text = header?.trim();
  if (text === undefined || text === '') return undefined;
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, longestMs);
  // Date.parse takes much that is no HTTP date, a bare negative number among it.
  const date = /^[A-Za-z]{3,9},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
