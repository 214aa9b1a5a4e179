import type { Finding } from '../finding.js';
import { otlpVariables, protocols, type Target } from '../targets.js';
import type { Check, Checked } from './check.js';

const topic = 'endpoints';

/** Is there a protocol, and does it fit its endpoint's port? */
export const checkProtocol: Check = (of) =>
  of.targets.flatMap((target) => [...named(of, target), ...port(of, target)]).filter(distinct());

function named({ variables }: Checked, { signal, protocolFrom }: Target): Finding[] {
  if (protocolFrom !== undefined) return [];
  const [own, common] = otlpVariables(signal, 'PROTOCOL');
  if (variables.isUnknown(own) || variables.isUnknown(common)) return [];
  const given = variables.first(own, common);
  const fix = `export ${given?.name ?? common}=http/protobuf`;
  if (given === undefined) {
    const message =
      'There is no OTEL_EXPORTER_OTLP_PROTOCOL: Claude Code 2.1.9 hangs, 2.1.45 to 2.1.250 send nothing, 2.1.330 uses http/protobuf.';
    return [{ id: 'protocol-missing', topic, severity: 'error', message, where: common, fix }];
  }
  const message = `'${given.value}' is no protocol; ${protocols.join(', ')} are.`;
  return [{ id: 'protocol-unknown', topic, severity: 'error', message, where: variables.where(given.name), fix }];
}

/** By custom 4317 speaks gRPC and 4318 HTTP. */
function port({ variables }: Checked, { signal, protocol, protocolFrom, endpointFrom, url }: Target): Finding[] {
  if (url === undefined || endpointFrom === undefined) return [];
  const isGrpc = protocol === 'grpc';
  if (url.port !== (isGrpc ? '4318' : '4317')) return [];
  const message = isGrpc
    ? 'Port 4318 is by custom that of OTLP over HTTP, but the protocol is grpc.'
    : `Port 4317 is by custom that of OTLP over gRPC, but the protocol is ${protocol}.`;
  const fix = `export ${protocolFrom ?? otlpVariables(signal, 'PROTOCOL')[1]}=${isGrpc ? 'http/protobuf' : 'grpc'}`;
  return [{ id: 'protocol-port', topic, severity: 'warning', message, where: variables.where(endpointFrom), fix }];
}

/** Signals that share a variable share its finding. */
export function distinct(): (finding: Finding) => boolean {
  const seen = new Set<string>();
  return (finding) => {
    const key = JSON.stringify(finding);
    return seen.has(key) ? false : Boolean(seen.add(key));
  };
}
