/** Nobody is asked to wait longer than this, a day: a backend that says more has lost its clock, and timers overflow at 2^31 ms. */
const longestMs = 86_400_000;

/**
 * Milliseconds that a `Retry-After` header asks for (RFC 9110 §10.2.3): seconds, or an HTTP date in any of its three forms (§5.6.7).
 *
 * Fractions of seconds are taken too, rounded up: some servers send them. Undefined when the header is absent or makes no sense; 0 for a date
 * that has passed; at most a day.
 */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  const text = header?.trim();
  if (text === undefined || text === '') return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return patience(Number(text) * 1000);
  // Date.parse takes much that is no HTTP date, a bare negative number among it.
  if (!/^[A-Za-z]{3,9},? /.test(text)) return undefined;
  // The oldest form names no zone but means GMT, which Date.parse would take for the zone of this machine.
  const date = Date.parse(/ \d{4}$/.test(text) ? `${text} GMT` : text);
  return Number.isNaN(date) ? undefined : patience(date - now);
}

/** What a backend asks for, in whole milliseconds between none and a day; never shorter than asked. */
export function patience(ms: number): number {
  // What floating point adds to a fraction of a second is no request for another millisecond.
  return Math.min(longestMs, Math.max(0, Math.ceil(Number(ms.toFixed(6)))));
}
