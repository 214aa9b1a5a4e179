import { ConfigError, type Host } from '@otelier/core';
import {
  type Authenticate,
  type Authenticator,
  type AuthFailure,
  type AuthRequest,
  authenticatorOf,
  type Verdict,
} from './authenticator.js';

/** Lets in whoever one of these lets in, asked in order. @throws {ConfigError} when there is none. */
export function anyOf(...auths: readonly (Authenticator | Authenticate)[]): Authenticator {
  if (auths.length === 0) throw new ConfigError('anyOf', 'at least one way to authenticate');
  const ways = auths.map(authenticatorOf);
  return {
    name: ways.map(({ name }) => name).join(' or '),
    challenge: ways
      .map(({ challenge }) => challenge)
      .filter((text) => text !== '')
      .join(', '),
    key: `any of (${ways.map(({ key }) => key).join(') (')})`,
    async start(host: Host) {
      await Promise.all(ways.map((way) => way.start?.(host)));
    },
    authenticate: (request) => ask(ways, 0, request, 'no credentials'),
  };
}

/** Asks from the `from`th on; without a promise as long as nobody needs one. `so` is the most that one before has said. */
function ask(
  ways: readonly Authenticator[],
  from: number,
  request: AuthRequest,
  so: AuthFailure,
): Verdict | Promise<Verdict> {
  let failure = so;
  for (let i = from; i < ways.length; i++) {
    const verdict = (ways[i] as Authenticator).authenticate(request);
    if (verdict instanceof Promise) {
      return verdict.then((known) =>
        typeof known === 'string' ? ask(ways, i + 1, request, worse(failure, known)) : known,
      );
    }
    if (typeof verdict !== 'string') return verdict;
    failure = worse(failure, verdict);
  }
  return failure;
}

// Whoever showed credentials wants to know what is wrong with them, not that there is another way that they did not try.
const order: readonly AuthFailure[] = ['no credentials', 'wrong credentials', 'expired credentials'];

function worse(a: AuthFailure, b: AuthFailure): AuthFailure {
  return order.indexOf(a) >= order.indexOf(b) ? a : b;
}
