/**
 * Bytes that each of `active` clients may hold for certain: half of the budget, divided.
 *
 * The first half is for whoever comes. What would go beyond it is for clients that hold no more than their share, so k clients never hold more than
 * `limit / 2 + (k - 1) * limit / 2k`: while their number stays the same none of them is refused below its share, and the first byte too many of
 * whoever holds more is refused. What is left, `limit / 2k`, is room for the share of one that joins them. One alone may have it all.
 */
export function fairShare(limit: number, active: number): number {
  return active <= 1 ? limit : Math.floor(limit / (2 * active));
}

/** Whether a client that holds `held` of the `used` bytes may have `more`. */
export function isFair(more: number, held: number, used: number, limit: number, active: number): boolean {
  return (used + more) * 2 <= limit || held + more <= fairShare(limit, active);
}
