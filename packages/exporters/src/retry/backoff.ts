/** How the pauses between attempts grow, in milliseconds. */
export interface Backoff {
  readonly initialMs: number;
  readonly maxMs: number;
  readonly jitter: boolean;
}

/**
 * The pause after the given attempt (1 is the first): a random share of `initial × 2^(attempt − 1)`, capped.
 *
 * Full jitter spreads the senders that one outage has synchronised over the whole pause. What the backend asked for is a floor.
 */
export function pauseMs(backoff: Backoff, attempt: number, retryAfterMs: number | undefined, random: number): number {
  const ceiling = Math.min(backoff.maxMs, backoff.initialMs * 2 ** (attempt - 1));
  const own = backoff.jitter ? ceiling * random : ceiling;
  return Math.max(own, retryAfterMs ?? 0);
}
