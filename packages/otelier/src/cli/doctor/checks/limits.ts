import type { Finding } from '../finding.js';
import type { Check } from './check.js';

const kinds = ['', 'LOGRECORD_', 'SPAN_'];
/** user.id has 64 characters, session.id 36. */
const longestId = 64;
/** An api_request of 2.1.330 has about thirty attributes. */
const usualCount = 40;

/** Limits of the SDK cut labels as well as texts. */
export const checkLimits: Check = ({ variables }) => {
  const findings: Finding[] = [];
  for (const kind of kinds) {
    const length = `OTEL_${kind}ATTRIBUTE_VALUE_LENGTH_LIMIT`;
    const count = `OTEL_${kind}ATTRIBUTE_COUNT_LIMIT`;
    if (isBelow(variables.get(length), longestId)) {
      const message = `It cuts user.id (64 characters) and, the shorter it is, session.id and event.name, so that they mix; it is no way to keep texts out.`;
      findings.push({
        id: 'limit-length',
        topic: 'metrics',
        severity: 'warning',
        message,
        where: variables.where(length),
        fix: `unset ${length}`,
      });
    }
    if (isBelow(variables.get(count), usualCount)) {
      const message = 'Attributes beyond it are dropped, the last ones first; only a count of them remains.';
      findings.push({
        id: 'limit-count',
        topic: 'metrics',
        severity: 'warning',
        message,
        where: variables.where(count),
        fix: `unset ${count}`,
      });
    }
  }
  return findings;
};

function isBelow(text: string | undefined, limit: number): boolean {
  return text !== undefined && /^\d+$/.test(text) && Number(text) < limit;
}
