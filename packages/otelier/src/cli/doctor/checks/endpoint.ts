import type { Finding } from '../finding.js';
import type { FindingId } from '../finding-ids.js';
import { otlpVariables, type Target } from '../targets.js';
import type { Check, Checked } from './check.js';
import { distinct } from './protocol.js';

const topic = 'endpoints';

/** Is every endpoint a URL that requests reach as intended? */
export const checkEndpoint: Check = (of) => of.targets.flatMap((target) => endpoint(of, target)).filter(distinct());

function endpoint({ variables }: Checked, target: Target): Finding[] {
  const { signal, protocol, endpointFrom: name } = target;
  if (name === undefined) return [];
  const text = variables.get(name);
  if (text === undefined) return [];
  const verbatim = name === otlpVariables(signal, 'ENDPOINT')[0];
  const where = variables.where(name);
  const find = (id: FindingId, severity: Finding['severity'], message: string, fix: string): Finding => ({
    ...{ id, topic, severity, message, where, fix },
  });
  const example = `export ${name}=http://127.0.0.1:${protocol === 'grpc' ? '4317' : `4318${verbatim ? `/v1/${signal}` : ''}`}`;
  if (!/^\w+:\/\//.test(text)) {
    const effect = protocol === 'grpc' ? 'gRPC clients then use TLS' : 'no request can be made';
    return [
      find(
        'endpoint-no-scheme',
        protocol === 'grpc' ? 'warning' : 'error',
        `The endpoint does not begin with http:// or https://: ${effect}.`,
        example,
      ),
    ];
  }
  const { url } = target;
  if (url === undefined)
    return [find('endpoint-not-url', 'error', 'The endpoint is not an http or https URL.', example)];
  const whole = new URL(text);
  const findings: Finding[] = [];
  if (whole.username !== '' || whole.password !== '') {
    const message = 'The endpoint holds a user or password, which is not sent, and is printed in logs and errors.';
    const fix = `Put it into OTEL_EXPORTER_OTLP_HEADERS as Authorization=Basic …`;
    findings.push(find('endpoint-credentials', 'warning', message, fix));
  }
  const path = whole.pathname.replace(/\/+$/, '');
  if (protocol === 'grpc') {
    const message = 'gRPC takes host and port only: the path of the endpoint is ignored.';
    if (path !== '') findings.push(find('endpoint-grpc-path', 'warning', message, `export ${name}=${whole.origin}`));
  } else if (verbatim && path === '') {
    const message = `The endpoint of one signal is taken as it stands: requests go to /, not to /v1/${signal}.`;
    findings.push(find('endpoint-no-path', 'error', message, `export ${name}=${whole.origin}/v1/${signal}`));
  } else if (!verbatim && /\/v1\/(?:logs|metrics|traces)$/.test(path)) {
    const message = `The common endpoint gets /v1/${signal} appended: requests go to ${path}/v1/${signal}.`;
    const base = path.replace(/\/v1\/\w+$/, '');
    findings.push(find('endpoint-path-doubled', 'error', message, `export ${name}=${whole.origin}${base}`));
  } else {
    const other = /\/v1\/(logs|metrics|traces)$/.exec(path)?.[1];
    if (verbatim && other !== undefined && other !== signal) {
      const message = `The endpoint of ${signal} ends in /v1/${other}: a collector refuses them there.`;
      const fixed = path.replace(/\w+$/, signal);
      findings.push(find('endpoint-other-signal', 'error', message, `export ${name}=${whole.origin}${fixed}`));
    }
  }
  if (whole.hostname === '0.0.0.0' || whole.hostname === '[::]') {
    const message = `${whole.hostname} is an address to listen on, not one to send to; not every system reaches this machine with it.`;
    const fixed = `${whole.protocol}//127.0.0.1${whole.port && `:${whole.port}`}${path}`;
    findings.push(find('endpoint-listen-address', 'warning', message, `export ${name}=${fixed}`));
  }
  return findings;
}
