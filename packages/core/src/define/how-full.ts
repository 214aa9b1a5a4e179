import type { Host } from '../host.js';
import { engineOf } from '../run/account-of.js';

/**
 * How close a component's pipeline is to turning data away: the collector's byte budget, or the fullest queue of the pipeline, whichever is fuller.
 *
 * From 0 to 1, and beyond when the budget was made smaller. Of a queue that several pipelines share, only the first of them hears.
 */
export function howFull(host: Host): number {
  const engine = engineOf(host);
  if (engine === undefined) return host.admission.inFlightBytes / host.admission.usableBytes;
  return Math.max(engine.admission.filled, engine.rooms.fullest(`${host.signal}/${host.pipeline}/`));
}
