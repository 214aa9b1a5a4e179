import type { PipelinesConfig } from '../config.js';
import type { Clock, Logger } from '../host.js';
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
export function createAdmission(limits: PipelinesConfig['limits'], clock: Clock, logger: Logger): AdmissionParts {
  const admission = new Budget(budgetLimits(limits));
  const gauges = processGauges(residentBytes());
  return { admission, pressure: new Pressure(admission, memoryLimit(limits), clock, logger, gauges) };
}

/** From now on the limits of another pipeline file count; what is in flight stays. */
export function resizeAdmission({ admission, pressure }: AdmissionParts, limits: PipelinesConfig['limits']): void {
  admission.resize(budgetLimits(limits));
  pressure.limitBytes = memoryLimit(limits);
}
