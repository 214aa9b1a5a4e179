import { signals } from '@otelier/core';
import type { Finding } from '../finding.js';
import { type HeaderMistake, parseHeaders } from '../headers.js';
import { otlpVariables } from '../targets.js';
import type { Check } from './check.js';

const topic = 'headers';

/** Are the header lists such lists? Tells positions and names, never values. */
export const checkHeaders: Check = ({ variables, targets }) => {
  const common = 'OTEL_EXPORTER_OTLP_HEADERS';
  const names = [common, ...signals.map((signal) => otlpVariables(signal, 'HEADERS')[0])];
  const findings: Finding[] = [];
  for (const name of names) {
    const text = variables.get(name);
    if (text === undefined) continue;
    const { headers, mistakes } = parseHeaders(text);
    const where = variables.where(name);
    for (const mistake of mistakes)
      findings.push({ ...told(mistake), topic, where, fix: `export ${name}='name=value,other=value'` });
    const users = targets.filter(({ signal }) => name === common || name === otlpVariables(signal, 'HEADERS')[0]);
    const encoded = headers.filter(({ value, decoded }) => value !== decoded).map(({ name }) => name);
    if (encoded.length > 0 && users.some(({ protocol }) => protocol !== 'grpc')) {
      const message = `The value of ${encoded.join(', ')} is percent-encoded: over HTTP Claude Code sends it as it stands, over gRPC decoded.`;
      const fix = 'Over HTTP write the value as it is to arrive; a comma cannot stand in it.';
      findings.push({ id: 'headers-encoded', topic, severity: 'warning', message, where, fix });
    }
    const binary = headers.filter(({ name }) => name.toLowerCase().endsWith('-bin')).map(({ name }) => name);
    if (binary.length > 0 && users.some(({ protocol }) => protocol === 'grpc')) {
      const message = `${binary.join(', ')}: over gRPC, names that end in -bin are for binary values.`;
      findings.push({ id: 'headers-binary', topic, severity: 'warning', message, where, fix: 'Use another name.' });
    }
  }
  return findings;
};

function told({ kind, pair, name }: HeaderMistake): Pick<Finding, 'id' | 'severity' | 'message'> {
  const which = name === undefined ? `Pair ${pair}` : `Pair ${pair} (${name})`;
  switch (kind) {
    case 'colon':
      return {
        id: 'headers-colon',
        severity: 'error',
        message: `${which} is written with a colon; it takes "=", and the header is not sent.`,
      };
    case 'no-equals':
      return {
        id: 'headers-no-equals',
        severity: 'error',
        message: `${which} has no "=" and is not sent; a comma in a value also makes such a pair.`,
      };
    case 'name':
      return {
        id: 'headers-name',
        severity: 'error',
        message: `${which} does not begin with a header's name (letters, digits, hyphens).`,
      };
    case 'control':
    case 'not-ascii':
      return {
        id: 'headers-characters',
        severity: 'error',
        message: `The value of ${which.toLowerCase()} has ${kind === 'control' ? 'a control character' : 'a character outside ASCII'}: no request with it can be made.`,
      };
    case 'quotes':
      return {
        id: 'headers-quotes',
        severity: 'warning',
        message: `The value of ${which.toLowerCase()} stands in quotes, which are sent as part of it.`,
      };
    case 'empty':
      return { id: 'headers-empty', severity: 'warning', message: `The value of ${which.toLowerCase()} is empty.` };
  }
}
