import { signals } from '@otelier/core';
import type { Finding } from '../finding.js';
import { meantVariable } from '../known-variables.js';
import { exportersOf, isProduced } from '../targets.js';
import { isOn } from '../variables.js';
import type { Check, Checked } from './check.js';

const topic = 'telemetry';
const known = {
  metrics: ['otlp', 'prometheus', 'console', 'none'],
  logs: ['otlp', 'console', 'none'],
  traces: ['otlp', 'console', 'none'],
} as const;

/** Is telemetry switched on, and does each signal have an exporter? */
export const checkTelemetry: Check = (of) => [...enabled(of), ...exporters(of), ...names(of)];

function enabled({ variables }: Checked): Finding[] {
  const findings: Finding[] = [];
  const name = 'CLAUDE_CODE_ENABLE_TELEMETRY';
  if (!variables.isUnknown(name) && !isOn(variables.get(name))) {
    const value = variables.get(name);
    const message =
      value === undefined
        ? 'CLAUDE_CODE_ENABLE_TELEMETRY is not set: Claude Code sends nothing.'
        : `CLAUDE_CODE_ENABLE_TELEMETRY is '${value}', which does not switch it on: Claude Code sends nothing.`;
    findings.push({
      id: 'telemetry-off',
      topic,
      severity: 'error',
      message,
      where: variables.where(name),
      fix: variables.all().length === 0 ? 'eval "$(npx otelier env)"' : `export ${name}=1`,
    });
  }
  if (isOn(variables.get('DISABLE_TELEMETRY'))) {
    const message = "DISABLE_TELEMETRY stops Claude Code's reports to its maker; it does not stop OpenTelemetry.";
    findings.push({
      id: 'disable-telemetry',
      topic,
      severity: 'info',
      message,
      where: variables.where('DISABLE_TELEMETRY'),
    });
  }
  return findings;
}

function exporters({ variables }: Checked): Finding[] {
  const findings: Finding[] = [];
  for (const signal of signals) {
    const name = `OTEL_${signal.toUpperCase()}_EXPORTER`;
    const listed = exportersOf(variables, signal);
    const where = variables.where(name);
    const fix = `export ${name}=otlp`;
    const wrong = listed.filter((each) => !(known[signal] as readonly string[]).includes(each));
    if (wrong.length > 0) {
      const message = `${name} names ${wrong.map((each) => `'${each}'`).join(', ')}, which is no exporter of ${signal}. The newest Claude Code then sends no telemetry at all, 2.1.9 hangs.`;
      findings.push({ id: 'exporter-unknown', topic, severity: 'error', message, where, fix });
    } else if (signal === 'traces') {
      if (listed.includes('otlp') && !isProduced(variables, signal)) {
        const message = 'Traces have an exporter, but Claude Code makes them in its beta only.';
        findings.push({
          id: 'traces-off',
          topic,
          severity: 'warning',
          message,
          where,
          fix: 'export CLAUDE_CODE_ENHANCED_TELEMETRY_BETA=1',
        });
      }
    } else if (!listed.some((each) => each !== 'none') && !variables.isUnknown(name)) {
      const message =
        listed.length === 0
          ? `${name} is not set: Claude Code sends no ${signal}.`
          : `${name} is 'none': Claude Code sends no ${signal}.`;
      // One of the two signals alone is a choice; neither is a mistake.
      const other = signal === 'logs' ? 'metrics' : 'logs';
      const severity = exportersOf(variables, other).some((each) => each !== 'none') ? 'warning' : 'error';
      findings.push({ id: 'exporter-missing', topic, severity, message, where, fix });
    }
    if (listed.includes('console')) {
      const message = `The console exporter of ${signal} writes into the output of claude -p, and spoils it for programs.`;
      findings.push({ id: 'exporter-console', topic, severity: 'warning', message, where, fix });
    }
    if (listed.includes('prometheus') && !wrong.includes('prometheus')) {
      const message =
        'Metrics can be scraped at http://localhost:9464/metrics while Claude Code runs; short runs are over before anyone does.';
      findings.push({ id: 'exporter-prometheus', topic, severity: 'info', message, where });
    }
  }
  return findings;
}

/** Names a letter or two away from one that exists. */
function names({ variables }: Checked): Finding[] {
  return variables.all().flatMap(({ name }) => {
    const meant = meantVariable(name);
    if (meant === undefined) return [];
    const message = `Nothing reads ${name}; ${meant} is meant?`;
    return [
      { id: 'variable-misspelt', topic, severity: 'warning', message, where: variables.where(name), fix: `${meant}=…` },
    ];
  });
}
