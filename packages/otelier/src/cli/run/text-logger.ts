import type { Logger, LogLevel } from '@otelier/core';

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent'];

/** A logger that writes a line of text per message: level, component, sentence, and the fields that are short, an error last. */
export function textLogger(least: () => LogLevel, write: (line: string) => void): Logger {
  const log =
    (level: LogLevel) =>
    (fields: object, message: string): void => {
      if (levels.indexOf(level) < levels.indexOf(least())) return;
      const { component, err, error = err, ...more } = fields as Record<string, unknown>;
      const told = Object.entries(more).flatMap(([name, value]) =>
        isShort(value) ? [`${name}=${String(value)}`] : [],
      );
      const who = component === undefined ? '' : ` ${component}:`;
      write(`otelier ${level}${who} ${message}${told.length === 0 ? '' : ` (${told.join(', ')})`}${why(error)}\n`);
    };
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
}

function isShort(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'boolean' || (typeof value === 'string' && value.length <= 200);
}

/** An error on the same line, whatever its length: it is what somebody reads the log for. */
function why(error: unknown): string {
  if (error === undefined) return '';
  return `: ${(error instanceof Error ? told(error) : String(error)).replace(/\s*\n\s*/g, ' ')}`;
}

// Our errors and those of files, sockets and keys, which have a code, do not quote data; another's message may.
function told(error: Error): string {
  const isKnown = error.name === 'PipelineError' || error.name === 'ConfigError' || 'code' in error;
  return isKnown ? error.message : error.name;
}
