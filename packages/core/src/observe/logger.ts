import { createRequire } from 'node:module';
import type { Clock, Logger } from '../host.js';
import { writeToStandardError } from './standard-error.js';

/** Levels of a logger, least first; `silent` logs nothing. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** What {@link createLogger} takes. */
export interface LoggerOptions {
  /** Least level that is logged; a function is asked at every line. Default `info`. */
  readonly level?: LogLevel | (() => LogLevel);
  /** Where lines go. Default standard error. */
  readonly destination?: { write(line: string): void };
}

/** All levels, least first. */
export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent'];
const methods = ['debug', 'info', 'warn', 'error'] as const;
const require = createRequire(import.meta.url);

/** Makes a logger that writes JSON lines with pino, which is loaded with the first line that the level lets through. */
export function createLogger(options: LoggerOptions = {}): Logger {
  const { level = 'info', destination } = options;
  const least = typeof level === 'function' ? level : () => level;
  let made: Logger | undefined;
  const write =
    (method: (typeof methods)[number]) =>
    (fields: object, message: string): void => {
      if (logLevels.indexOf(method) < logLevels.indexOf(least())) return;
      try {
        made ??= makePino(destination);
      } catch {
        // Without a descriptor left nothing can be loaded; the next line tries again.
        const line = { level: numbers[method], time: Date.now(), name: 'otelier', ...fields, msg: message };
        (destination ?? { write: writeToStandardError }).write(`${JSON.stringify(line, writable)}\n`);
        return;
      }
      made[method](fields, message);
    };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

/** Of pino's lines. */
const numbers = { debug: 20, info: 30, warn: 40, error: 50 } as const;

/** What JSON cannot say by itself: errors, as far as pino would tell most of them, and integers of any size. */
function writable(_key: string, value: unknown): unknown {
  if (value instanceof Error) return { type: value.name, message: value.message };
  return typeof value === 'bigint' ? String(value) : value;
}

function makePino(destination: LoggerOptions['destination']): Logger {
  const { pino } = require('pino') as typeof import('pino');
  return pino({ level: 'debug', base: { name: 'otelier' } }, destination ?? { write: writeToStandardError });
}

const quietMs = 10_000;
const maxReasons = 100;

/**
 * A component's logger: every line names the component, and a warning or error that repeats is written once in ten seconds with the number of
 * lines that were left out since.
 */
export function componentLogger(logger: Logger, component: string, clock: Clock): Logger {
  const seen = new Map<string, { until: number; suppressed: number }>();
  const limited =
    (method: 'warn' | 'error') =>
    (fields: object, message: string): void => {
      const now = clock.now();
      const known = seen.get(message);
      if (known !== undefined && now < known.until) {
        known.suppressed++;
        return;
      }
      if (seen.size >= maxReasons) seen.clear();
      seen.set(message, { until: now + quietMs, suppressed: 0 });
      const suppressed = known === undefined || known.suppressed === 0 ? {} : { suppressed: known.suppressed };
      logger[method]({ component, ...suppressed, ...fields }, message);
    };
  return {
    debug: (fields, message) => logger.debug({ component, ...fields }, message),
    info: (fields, message) => logger.info({ component, ...fields }, message),
    warn: limited('warn'),
    error: limited('error'),
  };
}
