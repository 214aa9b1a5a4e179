import type { Finding } from '../finding.js';
import { isTelemetryVariable } from '../known-variables.js';
import type { ShellNote } from './shell.js';

/** Says in words what a shell file's note means; undefined for variables that have nothing to do with telemetry. */
export function noteFinding({ kind, line, name, what }: ShellNote, source: string): Finding | undefined {
  if (name !== undefined && !isTelemetryVariable(name)) return undefined;
  const at = `${source}:${line}`;
  return { topic: 'sources', where: name === undefined ? at : `${name} in ${at}`, ...told(kind, name, what) };
}

function told(kind: ShellNote['kind'], name = '', what = ''): Omit<Finding, 'topic'> {
  const line = `export ${name}='…'`;
  switch (kind) {
    case 'unterminated':
      return {
        id: 'shell-unterminated',
        severity: 'error',
        message: `${what} that begins here does not end: what follows was not read.`,
        fix: 'Close it.',
      };
    case 'not-read':
      return {
        id: 'shell-not-read',
        severity: 'info',
        message: `${what} gets something from elsewhere, which was not read.`,
        fix: 'Give files that are sourced with --shell, too.',
      };
    case 'spaces-around-equals':
      return {
        id: 'shell-spaces',
        severity: 'error',
        message: 'There are blanks around "=": a shell does not take this as an assignment.',
        fix: line,
      };
    case 'cut-at-space':
      return {
        id: 'shell-cut',
        severity: 'error',
        message: 'A blank that is not quoted ends the value: what follows it is lost.',
        fix: line,
      };
    case 'cut-at-separator':
      return {
        id: 'shell-cut',
        severity: 'error',
        message: 'A semicolon or ampersand that is not quoted ends the value: what follows it is run as a command.',
        fix: line,
      };
    case 'other-command':
      return {
        id: 'shell-other-command',
        severity: 'warning',
        message: 'It is set for one other command alone; a claude that is started later does not see it.',
        fix: line,
      };
    case 'not-exported':
      return {
        id: 'shell-not-exported',
        severity: 'error',
        message: 'It is set but not exported: Claude Code does not see it.',
        fix: `export ${name}`,
      };
  }
}
