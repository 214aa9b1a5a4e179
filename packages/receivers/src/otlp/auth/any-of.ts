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
    authenticate: (request) => ask(ways, 0, request, { failure: 'no credentials' }),
  };
}

/** What was found out so far: the most that one has said, and the first error of one that could not tell. */
interface SoFar {
  readonly failure: AuthFailure;
  readonly error?: unknown;
}

/**
 * Asks from the `from`th on; without a promise as long as nobody needs one.
 *
 * One that cannot tell (its file or its keys are not there) keeps nobody out whom another lets in; whom none lets in may still be right by that one, and hears its error.
 */
function ask(
  ways: readonly Authenticator[],
  from: number,
  request: AuthRequest,
  before: SoFar,
): Verdict | Promise<Verdict> {
  let soFar = before;
  for (let i = from; i < ways.length; i++) {
    try {
      const verdict = (ways[i] as Authenticator).authenticate(request);
      if (verdict instanceof Promise) {
        const known = soFar;
        return verdict.then(
          (said) => (typeof said === 'string' ? ask(ways, i + 1, request, worse(known, said)) : said),
          (error: unknown) => ask(ways, i + 1, request, { error, ...known }),
        );
      }
      if (typeof verdict !== 'string') return verdict;
      soFar = worse(soFar, verdict);
    } catch (error) {
      soFar = { error, ...soFar };
    }
  }
  if ('error' in soFar) throw soFar.error;
  return soFar.failure;
}

// Whoever showed credentials wants to know what is wrong with them, not that there is another way that they did not try.
const order: readonly AuthFailure[] = ['no credentials', 'wrong credentials', 'expired credentials'];

function worse(soFar: SoFar, said: AuthFailure): SoFar {
  return order.indexOf(soFar.failure) >= order.indexOf(said) ? soFar : { ...soFar, failure: said };
}
