import type { Protocol } from '../targets.js';
import type { Answer } from './answer.js';
import { send, type TlsFiles } from './send.js';

/** What one way of speaking to a place was answered. */
export interface Knock {
  readonly protocol: Protocol;
  readonly tls: boolean;
  readonly answer: Answer;
}

/** A host and port, and how to speak to it. */
export interface Place {
  /** Scheme, host and port; the path is that of OTLP over HTTP (`/v1/logs`). */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsFiles;
  readonly timeoutMs: number;
}

const empty: Readonly<Record<Protocol, Uint8Array>> = {
  'http/protobuf': new Uint8Array(),
  'http/json': Buffer.from('{}'),
  grpc: new Uint8Array(),
};

/** Asks a place in all three protocols with an export request of logs that holds nothing. */
export async function knock(place: Place): Promise<readonly Knock[]> {
  const isTls = place.url.protocol === 'https:';
  const asked = await ask(place, isTls);
  if (
    asked.some(understood) ||
    !asked.some(({ answer }) => answer.kind === 'silent' && answer.why !== 'nothing-listens')
  )
    return asked;
  // Nothing understood us: perhaps it speaks TLS where we did not, or the other way round.
  return [...asked, ...(await ask(place, !isTls)).filter(understood)];
}

async function ask({ url, headers, tls, timeoutMs }: Place, isTls: boolean): Promise<Knock[]> {
  const to = new URL(url);
  to.port = url.port || (url.protocol === 'https:' ? '443' : '80');
  to.protocol = isTls ? 'https:' : 'http:';
  return Promise.all(
    (['http/protobuf', 'http/json', 'grpc'] as const).map(async (protocol) => {
      const answer = await send({ signal: 'logs', protocol, url: to, headers, body: empty[protocol], tls, timeoutMs });
      return { protocol, tls: isTls, answer };
    }),
  );
}

/** Whoever answers in the protocol speaks it, even if the answer is no. */
export function understood({ answer }: Knock): boolean {
  return answer.kind === 'accepted' || answer.kind === 'partial' || answer.kind === 'refused';
}
