import type { Finding } from '../finding.js';
import type { Variables } from '../variables.js';
import type { Check } from './check.js';

interface Wait {
  readonly name: string;
  readonly what: string;
  readonly usual: number;
  readonly longest: number;
}

const waits: readonly Wait[] = [
  { name: 'OTEL_METRIC_EXPORT_INTERVAL', what: 'Metrics are sent', usual: 60_000, longest: 300_000 },
  { name: 'OTEL_LOGS_EXPORT_INTERVAL', what: 'Events are sent', usual: 5000, longest: 60_000 },
  { name: 'OTEL_TRACES_EXPORT_INTERVAL', what: 'Spans are sent', usual: 5000, longest: 60_000 },
];

/** Are intervals and time-outs milliseconds that make sense? */
export const checkIntervals: Check = ({ variables }) => [...intervals(variables), ...timeouts(variables)];

function intervals(variables: Variables): Finding[] {
  const findings: Finding[] = [];
  for (const { name, what, usual, longest } of waits) {
    const text = variables.get(name);
    if (text === undefined) continue;
    const where = variables.where(name);
    const fix = `export ${name}=${usual}`;
    const ms = Number(text);
    if (!/^\d+$/.test(text) || ms === 0) {
      const message = `'${text}' is no whole number of milliseconds; the default of ${usual} is used.`;
      findings.push({ id: 'interval-not-number', topic: 'metrics', severity: 'warning', message, where, fix });
    } else if (ms < 1000) {
      const message = `${what} every ${ms} milliseconds. The unit is milliseconds: were seconds meant?`;
      findings.push({
        id: 'interval-short',
        topic: 'metrics',
        severity: 'warning',
        message,
        where,
        fix: `export ${name}=${ms * 1000}`,
      });
    } else if (ms > longest) {
      const message = `${what} every ${Math.round(ms / 1000)} seconds: a session that is killed loses what came since. The unit is milliseconds.`;
      findings.push({ id: 'interval-long', topic: 'metrics', severity: 'warning', message, where, fix });
    }
  }
  return findings;
}

function timeouts(variables: Variables): Finding[] {
  const findings: Finding[] = [];
  for (const name of ['', 'LOGS_', 'METRICS_', 'TRACES_'].map((signal) => `OTEL_EXPORTER_OTLP_${signal}TIMEOUT`)) {
    const text = variables.get(name);
    if (text === undefined) continue;
    const ms = Number(text);
    if (/^\d+$/.test(text) && ms >= 500) continue;
    const message = /^\d+$/.test(text)
      ? `Requests are given up after ${ms} milliseconds, and what was in them is lost. The unit is milliseconds.`
      : `'${text}' is no whole number of milliseconds.`;
    findings.push({
      id: 'timeout',
      topic: 'endpoints',
      severity: 'warning',
      message,
      where: variables.where(name),
      fix: `export ${name}=10000`,
    });
  }
  return findings;
}
