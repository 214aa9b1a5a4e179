import type { Clock, Logger } from '../host.js';
import type { Emitter } from '../observe/emitter.js';
import type { CollectorEvent } from '../observe/events.js';
import { componentLogger } from '../observe/logger.js';
import type { Witness } from './account.js';

/** Tells of what components refuse and drop: as events while somebody listens, and refusals as warnings, not more than one per reason in ten seconds. */
export function createWitness(events: Emitter<CollectorEvent>, logger: Logger, clock: Clock): Witness {
  const loggers = new Map<string, Logger>();
  const of = (id: string): Logger => {
    const known = loggers.get(id) ?? componentLogger(logger, id, clock);
    loggers.set(id, known);
    return known;
  };
  return ({ id }, what, count, reason) => {
    if (events.observed) events.emit({ type: what, component: id, count, reason });
    if (what === 'refused') of(id).warn({ count, reason }, `refused: ${reason}`);
  };
}
