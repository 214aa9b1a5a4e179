import type { PipelinesConfig } from '../config.js';
import type { Logger } from '../host.js';
import { systemClock } from '../observe/clock.js';
import { Budget } from './budget.js';
import { budgetLimits, memoryLimit } from './limits.js';
import { Pressure, processGauges } from './pressure.js';
import { residentBytes } from './resident.js';

/** A collector's byte budget, and what has it follow the process. */
export interface AdmissionParts {
  readonly admission: Budget;
  /** How the process does for memory and time. */
  readonly pressure: Pressure;
}

/** The budget that a pipeline file asks for, and its watch on this process, which is not started. */
export function createAdmission(limits: PipelinesConfig['limits'], logger: Logger): AdmissionParts {
  const admission = new Budget(budgetLimits(limits));
  const gauges = processGauges(residentBytes());
  // The process lives by the machine's time, whatever clock a test gives the collector: one that leaps by hours would be looked at thousands of times.
  return { admission, pressure: new Pressure(admission, memoryLimit(limits), systemClock, logger, gauges) };
}

/** From now on the limits of another pipeline file count; what is in flight stays. */
export function resizeAdmission({ admission, pressure }: AdmissionParts, limits: PipelinesConfig['limits']): void {
  admission.resize(budgetLimits(limits));
  pressure.limitBytes = memoryLimit(limits);
}
