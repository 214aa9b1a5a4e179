import type { Diagnosis } from '../examine.js';

/** The whole in one line. */
export function verdict({ findings, probe }: Diagnosis): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const warnings = findings.filter(({ severity }) => severity === 'warning').length;
  const counts = [count(errors, 'error'), count(warnings, 'warning')].filter(Boolean).join(', ');
  const arrived = probe?.signals.filter(({ answer }) => answer?.kind === 'accepted').map(({ signal }) => signal) ?? [];
  const lost = probe?.signals.filter(({ answer }) => answer?.kind !== 'accepted').map(({ signal }) => signal) ?? [];
  const off = findings.some(({ id }) => id === 'telemetry-off');
  const sentences = [
    off ? 'Claude Code sends nothing.' : '',
    arrived.length > 0 ? `The canary of ${list(arrived)} was taken.` : '',
    lost.length > 0 ? `The canary of ${list(lost)} was not taken.` : '',
    probe === undefined ? 'Nothing was sent.' : '',
    counts === '' ? 'Nothing is wrong.' : `${counts}.`,
  ];
  return sentences.filter(Boolean).join(' ');
}

function count(of: number, what: string): string {
  return of === 0 ? '' : `${of} ${what}${of === 1 ? '' : 's'}`;
}

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
