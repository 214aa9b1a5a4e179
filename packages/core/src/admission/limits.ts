import { totalmem } from 'node:os';
import type { PipelinesConfig } from '../config.js';
import { type Signal, signals } from '../signal.js';
import { parseBytes } from '../units.js';
import { type BudgetLimits, equalShares } from './budget.js';

const defaultInFlight = 256 * 1024 ** 2;
/** Of the memory that the process may use: a byte in flight costs several, in what is made of it and in what is not collected yet. */
const inFlightShare = 1 / 4;
/** Of a container's limit: the rest is for what is not the process's own, such as pages of files that are being written. */
const containerShare = 0.8;
/** How much of the budget the first, the second and the third signal of `limits.priority` may fill. */
const shareByPlace = [1, 0.75, 0.5] as const;

/** The budget that a pipeline file asks for. */
export function budgetLimits(limits: PipelinesConfig['limits'], containerBytes?: number): BudgetLimits {
  const memory = memoryLimit(limits, containerBytes);
  const most = memory === undefined ? defaultInFlight : Math.min(defaultInFlight, Math.floor(memory * inFlightShare));
  return { bytes: parseBytes(limits?.inFlight ?? '') ?? most, shares: sharesOf(limits?.priority) };
}

/** Bytes that the process may use, as the pipeline file says or as the container allows; undefined when nobody says. */
export function memoryLimit(
  limits: PipelinesConfig['limits'],
  containerBytes: number | undefined = containerLimit(),
): number | undefined {
  const given = parseBytes(limits?.memory ?? '');
  return given ?? (containerBytes === undefined ? undefined : Math.floor(containerBytes * containerShare));
}

// Where there is no limit, Node answers 0, undefined, or a number larger than any memory, depending on its version.
function containerLimit(): number | undefined {
  const bytes = process.constrainedMemory() ?? 0;
  return bytes > 0 && bytes < totalmem() ? bytes : undefined;
}

function sharesOf(priority: readonly Signal[] | undefined): BudgetLimits['shares'] {
  if (priority === undefined) return equalShares;
  const place = (signal: Signal): number => {
    const at = priority.indexOf(signal);
    // Those that are not named come after those that are.
    return at < 0 ? priority.length : at;
  };
  const entries = signals.map((signal) => [signal, shareByPlace[place(signal)] ?? 0.5] as const);
  return Object.fromEntries(entries) as Record<Signal, number>;
}
