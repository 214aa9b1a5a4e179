import { ConfigError, type Identity, parseOptions, revealed, Secret } from '@otelier/core';
import * as v from 'valibot';
import { type Authenticator, type AuthRequest, identityOf, type Verdict } from './authenticator.js';
import { credentialsOf, digestOf, indexOfEqual } from './compare.js';

/** A token, a secret that holds one or several (one a line), or a list of both. */
export type Tokens = string | Secret | readonly (string | Secret)[];

/** Options of {@link bearer}. */
export interface BearerOptions {
  /**
   * The tokens that open the door. Several may be valid at once, so that clients can change from one to the next. Under a name
   * (`{ platform: secret.env('PLATFORM_TOKEN') }`) the name becomes the claim `name` of whoever shows the token.
   */
  readonly tokens: Tokens | Readonly<Record<string, Tokens>>;
  /** The header that holds the token, such as `x-api-key`. Default `authorization`, behind the word `Bearer`. */
  readonly header?: string;
}

const value = v.union([v.pipe(v.string(), v.minLength(1, 'a token that is not empty')), v.instance(Secret)]);
const tokens = v.union([value, v.pipe(v.array(value), v.minLength(1, 'at least one token'))]);
const schema = v.strictObject({
  tokens: v.union([tokens, v.record(v.string(), tokens)]),
  header: v.optional(v.pipe(v.string(), v.regex(/^[a-z0-9-]+$/, "a lower-case header name such as 'x-api-key'"))),
});

/** Lets in whoever shows one of these tokens, as `Authorization: Bearer …` (RFC 6750); compared in constant time. @throws {ConfigError} when an option is wrong. */
export function bearer(options: BearerOptions): Authenticator {
  const { header = 'authorization' } = parseOptions('bearer', schema, options);
  const holders = named(options.tokens);
  if (holders.length === 0) throw new ConfigError('bearer: tokens', 'at least one token');
  return new Bearer(holders, header);
}

/** A value and the identity of whoever shows it. */
interface Holder {
  readonly value: string | Secret;
  readonly identity: Identity;
}

function named(given: BearerOptions['tokens']): Holder[] {
  const listed = typeof given === 'string' || given instanceof Secret || Array.isArray(given);
  const byName: [string | undefined, Tokens][] = listed ? [[undefined, given as Tokens]] : Object.entries(given);
  return byName.flatMap(([name, of]) => {
    const identity = identityOf(name === undefined ? {} : { name });
    return [of].flat().map((each) => ({ value: each as string | Secret, identity }));
  });
}

class Bearer implements Authenticator {
  readonly name = 'bearer';
  readonly challenge: string;
  readonly key: string;
  private readonly header: string;
  private readonly holders: readonly Holder[];
  /** The texts that the digests were made of: a file may change. */
  private texts: readonly string[] = [];
  private digests: Buffer[] = [];
  /** Why a secret has no value now. */
  private unreadable: unknown;
  private identities: Identity[] = [];

  constructor(holders: readonly Holder[], header: string) {
    this.header = header;
    this.challenge = header === 'authorization' ? 'Bearer' : '';
    this.holders = holders;
    const of = ({ value: each, identity }: Holder) =>
      `${identity.key} ${each instanceof Secret ? each : digestOf(each).toString('base64')}`;
    this.key = `bearer ${header} ${holders.map(of).join(' ')}`;
  }

  async start(): Promise<void> {
    this.refresh();
    if (this.unreadable !== undefined) throw this.unreadable;
    if (this.digests.length === 0) throw new ConfigError('bearer: tokens', 'at least one token');
  }

  authenticate(request: AuthRequest): Verdict {
    const text = request.header(this.header);
    const token = this.header === 'authorization' ? credentialsOf(text, 'bearer') : text?.trim();
    if (token === undefined || token === '') return 'no credentials';
    this.refresh();
    const identity = this.identities[indexOfEqual(this.digests, digestOf(token))];
    if (identity !== undefined) return identity;
    // The token may be one of those that cannot be read now.
    if (this.unreadable !== undefined) throw this.unreadable;
    return 'wrong credentials';
  }

  private refresh(): void {
    this.unreadable = undefined;
    const texts = this.holders.map((holder) => this.textOf(holder));
    if (texts.length === this.texts.length && texts.every((text, i) => text === this.texts[i])) return;
    this.digests = [];
    this.identities = [];
    for (const [i, { identity }] of this.holders.entries()) {
      for (const line of (texts[i] as string).split(/\r?\n/)) {
        const token = line.trim();
        if (token === '' || token.startsWith('#')) continue;
        this.digests.push(digestOf(token));
        this.identities.push(identity);
      }
    }
    this.texts = texts;
  }

  /** A file that cannot be read lets nobody in, and keeps nobody out who shows another's token. */
  private textOf({ value: each }: Holder): string {
    try {
      return revealed(each);
    } catch (error) {
      this.unreadable ??= error;
      return '';
    }
  }
}
