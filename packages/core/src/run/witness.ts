import type { Clock, Logger } from '../host.js';
import type { Emitter } from '../observe/emitter.js';
import type { CollectorEvent } from '../observe/events.js';
import type { Account, Witness } from './account.js';

const quietMs = 10_000;

interface Reason {
  until: number;
  count: number;
}

/**
 * Tells of what components refuse and drop: as events while somebody listens, and refusals as warnings, one per component and reason in ten
 * seconds, whose count includes those since the last one.
 */
export function createWitness(events: Emitter<CollectorEvent>, logger: Logger, clock: Clock): Witness {
  const accounts = new WeakMap<Account, Map<string, Reason>>();
  const warn = (account: Account, count: number, name: string): void => {
    const reasons = accounts.get(account) ?? new Map<string, Reason>();
    accounts.set(account, reasons);
    const reason = reasons.get(name) ?? { until: 0, count: 0 };
    reasons.set(name, reason);
    reason.count += count;
    const now = clock.now();
    if (now < reason.until) return;
    logger.warn({ component: account.id, count: reason.count, reason: name }, `refused: ${name}`);
    reason.until = now + quietMs;
    reason.count = 0;
  };
  return (account, what, count, reason) => {
    if (events.observed) events.emit({ type: what, component: account.id, count, reason });
    if (what === 'refused') warn(account, count, reason);
  };
}
