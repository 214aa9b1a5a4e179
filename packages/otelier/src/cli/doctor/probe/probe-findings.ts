import { distinct } from '../checks/protocol.js';
import type { Finding } from '../finding.js';
import type { FindingId } from '../finding-ids.js';
import { otlpVariables, type Target } from '../targets.js';
import type { Variables } from '../variables.js';
import type { Answer, Silence } from './answer.js';
import { type Knock, understood } from './knock.js';
import type { PlaceProbe, Probe, SignalProbe } from './probe.js';

const topic = 'endpoints';

/** What the answers mean, and what to change. */
export function probeFindings({ signals, places }: Probe, targets: readonly Target[], variables: Variables): Finding[] {
  const all = signals.flatMap((signal, i) => {
    const target = targets[i] as Target;
    const { answer } = signal;
    if (answer === undefined || answer.kind === 'accepted') return [];
    const where = target.endpointFrom === undefined ? signal.url : variables.where(target.endpointFrom);
    const told = tell(answer, signal, target, places);
    return [{ ...told, topic, where } satisfies Finding];
  });
  return all.filter(distinct());
}

type Told = Pick<Finding, 'id' | 'severity' | 'message' | 'fix'>;

function tell(answer: Answer, probe: SignalProbe, target: Target, places: readonly PlaceProbe[]): Told {
  const { signal, url } = probe;
  const quote = (message: string): string => (message === '' ? '' : ` (${message})`);
  switch (answer.kind) {
    case 'accepted':
      throw new RangeError('an accepted canary is no finding');
    case 'partial':
      return {
        id: answer.rejected > 0 ? 'probe-rejected' : 'probe-warned',
        severity: answer.rejected > 0 ? 'error' : 'warning',
        message: `${url} answered 200 to the canary of ${signal}, but ${answer.rejected > 0 ? 'did not take it' : 'with a warning'}${quote(answer.message)}. Claude Code takes that for success.`,
        fix: 'See what the collector or backend refuses; with a pipeline file, otelier doctor --config shows it.',
      };
    case 'refused':
      return refused(answer.code, quote(answer.message), probe);
    case 'foreign':
      return (
        elsewhere(probe, target, places) ?? {
          id: 'probe-not-otlp',
          severity: 'error',
          message: `A web server answers at ${url} with ${answer.code}, but not as OTLP does.`,
          fix: 'Look at host, port and path of the endpoint.',
        }
      );
    case 'silent':
      return elsewhere(probe, target, places) ?? silent(answer.why, target);
  }
}

function refused(code: string, quoted: string, { signal, url }: SignalProbe): Told {
  if (/^HTTP 40[13]$|^UNAUTHENTICATED$|^PERMISSION_DENIED$/.test(code)) {
    const message = `${url} refused the canary of ${signal} with ${code}${quoted}: it wants other credentials.`;
    return {
      id: 'probe-credentials',
      severity: 'error',
      message,
      fix: "export OTEL_EXPORTER_OTLP_HEADERS='Authorization=Bearer …', or otelHeadersHelper with --run-headers-helper",
    };
  }
  if (/^HTTP (?:429|50[234])$|^UNAVAILABLE$|^RESOURCE_EXHAUSTED$/.test(code)) {
    const again =
      code.startsWith('HTTP') && /429|503/.test(code)
        ? 'Claude Code tries again'
        : 'Claude Code does not try again: what it sends now is lost';
    const message = `${url} refused the canary of ${signal} with ${code}${quoted} for now. ${again}.`;
    return {
      id: 'probe-unavailable',
      severity: 'error',
      message,
      fix: 'See whether the collector and what stands behind it are well.',
    };
  }
  const message = `${url} refused the canary of ${signal} with ${code}${quoted}. Claude Code drops what is refused so.`;
  return { id: 'probe-refused', severity: 'error', message, fix: `See whether it takes ${signal} at all.` };
}

/** Something there, or at the port beside it, speaks OTLP, only not so. */
function elsewhere({ protocol }: SignalProbe, target: Target, places: readonly PlaceProbe[]): Told | undefined {
  const origin = target.url?.origin;
  const here = places.find(({ place }) => place === origin)?.knocks.filter(understood) ?? [];
  const name = target.protocolFrom ?? otlpVariables(target.signal, 'PROTOCOL')[1];
  const [best] = here;
  if (best !== undefined && best.tls !== (target.url?.protocol === 'https:')) {
    const message = `${target.url?.host} ${best.tls ? 'wants TLS, and is spoken to without' : 'speaks no TLS, and is spoken to with'}.`;
    const scheme = best.tls ? 'https' : 'http';
    const fix = `export ${target.endpointFrom ?? 'OTEL_EXPORTER_OTLP_ENDPOINT'}=${scheme}://${target.url?.host}`;
    return { id: 'probe-tls', severity: 'error', message, fix };
  }
  if (best !== undefined && !here.some((each) => each.protocol === protocol)) {
    const message = `${origin} speaks ${names(here)}, but the protocol is ${protocol}: nothing arrives.`;
    return { id: 'probe-protocol', severity: 'error', message, fix: `export ${name}=${best.protocol}` };
  }
  if (best !== undefined) return undefined;
  const beside = places.find(
    ({ place, knocks }) => place !== origin && sameHost(place, origin) && knocks.some(understood),
  );
  if (beside === undefined) return undefined;
  const speaks = beside.knocks.filter(understood);
  const fits = speaks.some((each) => each.protocol === protocol);
  const message = `Nothing takes ${protocol} at ${origin}, but ${beside.place} speaks ${names(speaks)}.`;
  const endpoint = `export ${target.endpointFrom ?? 'OTEL_EXPORTER_OTLP_ENDPOINT'}=${beside.place}`;
  return {
    id: 'probe-other-port',
    severity: 'error',
    message,
    fix: fits ? endpoint : `${endpoint}\nexport ${name}=${speaks[0]?.protocol}`,
  };
}

function sameHost(place: string, origin: string | undefined): boolean {
  return origin !== undefined && new URL(place).hostname === new URL(origin).hostname;
}

/** The protocols of these answers, in words. */
export function names(knocks: readonly Knock[]): string {
  return knocks.map(({ protocol, tls }) => (tls ? `${protocol} over TLS` : protocol)).join(', ');
}

const silences: Readonly<Record<Silence, (url: string) => readonly [id: FindingId, message: string, fix: string]>> = {
  'nothing-listens': (url) => [
    'probe-nothing-listens',
    `Nothing listens at ${url}.`,
    'Start the collector: npx otelier run',
  ],
  'no-such-host': (url) => [
    'probe-no-host',
    `The host of ${url} is not known.`,
    'Look at its spelling, or at the network.',
  ],
  'time-out': (url) => [
    'probe-time-out',
    `${url} does not answer in time. Claude Code waits 10 seconds, 2 at its end, and then drops what it has.`,
    'See whether a firewall or proxy stands between.',
  ],
  certificate: (url) => [
    'probe-certificate',
    `The certificate of ${url} is not trusted, or it wants one from us.`,
    'export OTEL_EXPORTER_OTLP_CERTIFICATE=/path/to/ca.pem, and OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and _CLIENT_KEY if it asks for them',
  ],
  'no-tls': (url) => [
    'probe-tls',
    `${url} is spoken to with TLS and does not understand it.`,
    'http:// in the endpoint',
  ],
  'not-this-protocol': (url) => [
    'probe-not-otlp',
    `What listens at ${url} speaks something else.`,
    'Look at host and port of the endpoint.',
  ],
  'not-sent': () => [
    'probe-not-sent',
    'The headers have characters that no request can carry.',
    "export OTEL_EXPORTER_OTLP_HEADERS='name=value'",
  ],
  'connection-lost': (url) => [
    'probe-connection',
    `The connection to ${url} broke off.`,
    'Look at host and port of the endpoint.',
  ],
};

function silent(why: Silence, { url }: Target): Told {
  const [id, message, fix] = silences[why](url?.origin ?? '');
  return { id, severity: 'error', message, fix };
}
