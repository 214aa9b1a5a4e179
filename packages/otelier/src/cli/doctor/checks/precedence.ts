import type { Finding } from '../finding.js';
import type { Check } from './check.js';

/** Variables that sources disagree about, and characters that a word processor put there. */
export const checkPrecedence: Check = ({ variables }) =>
  variables.all().flatMap(({ name, given: [first, ...others] }): Finding[] => {
    const findings: Finding[] = [];
    const overruled = others.filter(({ value }) => value !== first.value);
    if (overruled.length > 0) {
      const from = overruled.map(({ source, level }) => `${source} (${level})`).join(', ');
      const message = `${name} from ${first.source} (${first.level}) is in force; that from ${from} is not.`;
      findings.push({ id: 'variable-shadowed', topic: 'sources', severity: 'info', message, where: name });
    }
    const quotes = /[“”„‘’]/.test(first.value ?? '');
    const settings =
      first.level === 'user' || first.level === 'project' || first.level === 'local' || first.level === 'managed';
    if (quotes) {
      const message =
        'The value holds typographic quotes, which are ordinary characters to a shell and to Claude Code.';
      const fix = settings ? `"${name}": "…"` : `export ${name}='…'`;
      findings.push({
        id: 'typographic-quotes',
        topic: 'sources',
        severity: 'warning',
        message,
        where: variables.where(name),
        fix,
      });
    }
    if (settings && /\$\{?\w+\}?/.test(first.value ?? '')) {
      const message = 'A settings file is not read by a shell: $NAME in a value stays as it stands.';
      findings.push({
        id: 'settings-expansion',
        topic: 'sources',
        severity: 'warning',
        message,
        where: variables.where(name),
        fix: `"${name}": "the value itself"`,
      });
    }
    return findings;
  });
