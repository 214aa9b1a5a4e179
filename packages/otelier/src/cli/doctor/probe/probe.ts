import { readFileSync } from 'node:fs';
import type { Signal } from '@otelier/core';
import { headersOf } from '../headers.js';
import type { Secrets } from '../secrets.js';
import { otlpVariables, type Protocol, shownUrl, type Target } from '../targets.js';
import type { Variables } from '../variables.js';
import type { Answer } from './answer.js';
import { bodyOf, type Canary } from './canary.js';
import { type Knock, knock } from './knock.js';
import { send, type TlsFiles } from './send.js';

/** What became of the canary of one signal. */
export interface SignalProbe {
  readonly signal: Signal;
  readonly protocol: Protocol;
  /** Without user, password and query values. */
  readonly url: string;
  /** Undefined when there is no URL to send to. */
  readonly answer: Answer | undefined;
}

/** What answers at one host and port. */
export interface PlaceProbe {
  /** `http://127.0.0.1:4318`. */
  readonly place: string;
  readonly knocks: readonly Knock[];
}

/** Everything that was sent and answered. */
export interface Probe {
  readonly canary: string;
  readonly signals: readonly SignalProbe[];
  readonly places: readonly PlaceProbe[];
}

/** How to probe. */
export interface ProbeOptions {
  readonly variables: Variables;
  readonly targets: readonly Target[];
  readonly canary: Canary;
  /** What the headers helper printed; used over HTTP, as Claude Code does. */
  readonly helperHeaders: Readonly<Record<string, string>>;
  /** What servers say is told without these. */
  readonly secrets: Secrets;
  /** The two ports that usually stand side by side; default 4317 and 4318. */
  readonly doorPorts?: readonly [grpc: string, http: string];
  readonly timeoutMs: number;
  readonly progress: (what: string) => void;
}

/** Asks every endpoint what it speaks, and sends it the canary of each signal as Claude Code would. */
export async function probe(options: ProbeOptions): Promise<Probe> {
  const {
    variables,
    targets,
    canary,
    helperHeaders,
    secrets,
    timeoutMs,
    progress,
    doorPorts = ['4317', '4318'],
  } = options;
  const places = new Map<string, Promise<PlaceProbe>>();
  const signals = await Promise.all(
    targets.map(async ({ signal, protocol, url }): Promise<SignalProbe> => {
      if (url === undefined) return { signal, protocol, url: '', answer: undefined };
      const tls = tlsFiles(variables, signal);
      const headers = { ...headersOf(variables, signal, protocol), ...(protocol === 'grpc' ? {} : helperHeaders) };
      const ask = (origin: URL): void => {
        if (places.has(origin.origin)) return;
        progress(`asking ${origin.origin}`);
        const found = knock({ url: origin, headers, tls, timeoutMs }).then((knocks) => ({
          place: origin.origin,
          knocks: knocks.map((each) => ({ ...each, answer: withoutSecrets(each.answer, secrets) })),
        }));
        places.set(origin.origin, found);
      };
      const logs = protocol === 'grpc' ? new URL('/v1/logs', url) : new URL(url);
      logs.pathname = logs.pathname.replace(/\/v1\/(?:metrics|traces)$/, '/v1/logs');
      ask(logs);
      const sibling = siblingPort(logs, doorPorts);
      if (sibling !== undefined) ask(sibling);
      const body = bodyOf(canary.batches[signal], protocol);
      const answer = await send({ signal, protocol, url, headers, body, tls, timeoutMs });
      return { signal, protocol, url: shownUrl(url), answer: withoutSecrets(answer, secrets) };
    }),
  );
  return { canary: canary.id, signals, places: await Promise.all(places.values()) };
}

/** A server may repeat in its message what it was sent. */
function withoutSecrets(answer: Answer, secrets: Secrets): Answer {
  return 'message' in answer ? { ...answer, message: secrets.hide(answer.message) } : answer;
}

/** The other one of OTLP's two doors, from either of them. */
function siblingPort(url: URL, ports: readonly [string, string]): URL | undefined {
  const at = ports.indexOf(url.port);
  const other = at < 0 ? undefined : ports[1 - at];
  if (other === undefined) return undefined;
  const sibling = new URL('/v1/logs', url);
  sibling.port = other;
  return sibling;
}

/** Files that cannot be read are a finding of their own. */
function tlsFiles(variables: Variables, signal: Signal): TlsFiles {
  const read = (name: string): string | undefined => {
    const file = variables.first(...otlpVariables(signal, name))?.value;
    try {
      return file === undefined ? undefined : readFileSync(file, 'utf8');
    } catch {
      return undefined;
    }
  };
  const [ca, key, cert] = [read('CERTIFICATE'), read('CLIENT_KEY'), read('CLIENT_CERTIFICATE')];
  return { ...(ca && { ca }), ...(key && { key }), ...(cert && { cert }) };
}
