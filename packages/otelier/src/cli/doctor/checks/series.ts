import type { Finding } from '../finding.js';
import { exportersOf } from '../targets.js';
import type { Check } from './check.js';

const topic = 'metrics';

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

/** Which attributes make series of metrics, and what the switches for that do beside. */
export const checkSeries: Check = ({ variables }) => {
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
};
