import type { Finding } from '../finding.js';
import { exportersOf, shownUrl } from '../targets.js';
import type { Check, Checked } from './check.js';

const topic = 'metrics';
const temporality = 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE';

/** Temporality, intervals, and which attributes metrics carry. */
export const checkMetrics: Check = (of) => [...preference(of), ...backend(of), ...intervals(of), ...included(of)];

/** The temporality in which sums leave Claude Code; one that it does not know means cumulative (measured). */
export function sentTemporality({ variables }: Checked): 'delta' | 'cumulative' {
  const text = variables.get(temporality)?.toLowerCase() ?? 'delta';
  return text === 'delta' || text === 'lowmemory' ? 'delta' : 'cumulative';
}

function preference({ variables }: Checked): Finding[] {
  const text = variables.get(temporality);
  if (text === undefined || ['delta', 'cumulative', 'lowmemory'].includes(text.toLowerCase())) return [];
  const message = `'${text}' is no temporality. Claude Code then sends cumulative sums, where without the variable it sends deltas.`;
  return [
    {
      id: 'temporality-unknown',
      topic,
      severity: 'error',
      message,
      where: variables.where(temporality),
      fix: `export ${temporality}=delta`,
    },
  ];
}

/** Backends that are known by their path to take one temporality only. */
function backend(of: Checked): Finding[] {
  const url = of.targets.find(({ signal }) => signal === 'metrics')?.url;
  if (url === undefined) return [];
  const wants = takesOnly(url);
  if (wants === undefined || wants.temporality === sentTemporality(of)) return [];
  const message = `${wants.backend} at ${shownUrl(url)} takes ${wants.temporality} sums only, and Claude Code sends ${sentTemporality(of)} ones.`;
  return [
    {
      id: 'temporality-backend',
      topic,
      severity: 'error',
      message,
      where: of.variables.where(temporality),
      fix: `export ${temporality}=${wants.temporality}`,
    },
  ];
}

/** What a backend takes, by the path of its OTLP endpoint. */
export function takesOnly(
  url: URL,
): { readonly backend: string; readonly temporality: 'delta' | 'cumulative' } | undefined {
  if (url.pathname.startsWith('/api/v1/otlp')) return { backend: 'Prometheus', temporality: 'cumulative' };
  if (url.pathname.startsWith('/api/v2/otlp')) return { backend: 'Dynatrace', temporality: 'delta' };
  return undefined;
}

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

function intervals({ variables }: Checked): Finding[] {
  const findings: Finding[] = [];
  for (const { name, what, usual, longest } of waits) {
    const text = variables.get(name);
    if (text === undefined) continue;
    const where = variables.where(name);
    const fix = `export ${name}=${usual}`;
    const ms = Number(text);
    if (!/^\d+$/.test(text) || ms === 0) {
      const message = `'${text}' is no whole number of milliseconds; the default of ${usual} is used.`;
      findings.push({ id: 'interval-not-number', topic, severity: 'warning', message, where, fix });
    } else if (ms < 1000) {
      const message = `${what} every ${ms} milliseconds. The unit is milliseconds: were seconds meant?`;
      findings.push({
        id: 'interval-short',
        topic,
        severity: 'warning',
        message,
        where,
        fix: `export ${name}=${ms * 1000}`,
      });
    } else if (ms > longest) {
      const message = `${what} every ${Math.round(ms / 1000)} seconds: a session that is killed loses what came since. The unit is milliseconds.`;
      findings.push({ id: 'interval-long', topic, severity: 'warning', message, where, fix });
    }
  }
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

const inclusions: Readonly<
  Record<string, { readonly standard: boolean; readonly off?: string; readonly on?: string }>
> = {
  SESSION_ID: {
    standard: true,
    off: "session.id is taken from events too, so that they cannot be joined any more. Otelier takes it from metrics alone: dropAttributes(['session.id']).",
  },
  ACCOUNT_UUID: {
    standard: true,
    off: 'user.account_uuid and user.account_id are gone from metrics and events; user.email, organization.id and user.id stay.',
  },
  RESOURCE_ATTRIBUTES: {
    standard: true,
    off: 'Your own attributes then stand on the resource only, which some backends do not show as labels.',
  },
  VERSION: { standard: false, on: 'Every release of Claude Code starts new series.' },
  ENTRYPOINT: { standard: false, on: 'Each way of starting Claude Code has series of its own.' },
  REPOSITORY: {
    standard: false,
    on: 'Every repository has series of its own, and its address, owner and name are sent.',
  },
};

function included({ variables }: Checked): Finding[] {
  const findings: Finding[] = [];
  const severity = 'info';
  for (const { name } of variables.all()) {
    const [, what] = /^OTEL_METRICS_INCLUDE_(\w+)$/.exec(name) ?? [];
    const inclusion = what === undefined ? undefined : inclusions[what];
    const text = variables.get(name)?.toLowerCase();
    if (inclusion === undefined || text === undefined) continue;
    const where = variables.where(name);
    const [on, off] = [['1', 'true', 'yes', 'on'].includes(text), ['0', 'false', 'no', 'off'].includes(text)];
    if (!on && !off) {
      findings.push({
        id: 'include-value',
        topic,
        severity: 'warning',
        message: `Expected true or false for ${name}.`,
        where,
        fix: `export ${name}=${inclusion.standard}`,
      });
    } else if (on && inclusion.on) findings.push({ id: 'include-on', topic, severity, message: inclusion.on, where });
    else if (off && inclusion.off) findings.push({ id: 'include-off', topic, severity, message: inclusion.off, where });
  }
  const metricsLeave = exportersOf(variables, 'metrics').some((each) => each === 'otlp' || each === 'prometheus');
  if (metricsLeave && variables.get('OTEL_METRICS_INCLUDE_SESSION_ID') === undefined) {
    const message =
      'Every session has series of its own (session.id). Dropping it without losing totals is what dropAttributes does.';
    findings.push({ id: 'series-per-session', topic, severity, message });
  }
  return findings;
}
