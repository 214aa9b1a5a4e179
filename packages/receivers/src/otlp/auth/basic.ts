import { randomBytes } from 'node:crypto';
import { ConfigError, parseOptions, revealed, Secret } from '@otelier/core';
import * as v from 'valibot';
import { type Authenticator, type AuthRequest, identityOf, type Verdict } from './authenticator.js';
import { credentialsOf, digestOf, indexOfEqual, quoted } from './compare.js';

/** Options of {@link basic}. */
export interface BasicOptions {
  /** Passwords by user name. */
  readonly users: Readonly<Record<string, string | Secret>>;
  /** What clients are told that the password is for. Default `otelier`. */
  readonly realm?: string;
}

const schema = v.strictObject({
  users: v.record(v.string(), v.union([v.pipe(v.string(), v.minLength(1, 'a password')), v.instance(Secret)])),
  realm: v.optional(v.pipe(v.string(), v.regex(/^[ -~]*$/, 'printable ASCII characters')), 'otelier'),
});

/** Lets in whoever shows a user's name and password (RFC 7617); the name becomes the claim `user`. @throws {ConfigError} when an option is wrong. */
export function basic(options: BasicOptions): Authenticator {
  const { users, realm } = parseOptions('basic', schema, options);
  const names = Object.keys(users);
  if (names.length === 0) throw new ConfigError('basic: users', 'at least one user');
  const wrong = names.find((name) => name === '' || name.includes(':'));
  if (wrong !== undefined) throw new ConfigError('basic: users', 'names that are not empty and have no colon');
  const identities = names.map((user) => identityOf({ user }));
  let texts: readonly (string | undefined)[] = [];
  let digests: Buffer[] = [];
  let unreadable: unknown;
  /** A password that cannot be read lets its user not in, and keeps nobody else out. */
  const textOf = (name: string): string | undefined => {
    try {
      return `${name}:${revealed(users[name] as string | Secret)}`;
    } catch (error) {
      unreadable ??= error;
      return undefined;
    }
  };
  const refresh = (): void => {
    unreadable = undefined;
    const now = names.map(textOf);
    if (texts.length === now.length && now.every((text, i) => text === texts[i])) return;
    texts = now;
    digests = now.map((text) => (text === undefined ? randomBytes(32) : digestOf(text)));
  };
  const shown = names.map((name) => {
    const password = users[name] as string | Secret;
    return `${name} ${password instanceof Secret ? password : digestOf(password).toString('base64')}`;
  });
  return {
    name: 'basic',
    challenge: `Basic realm=${quoted(realm)}, charset="UTF-8"`,
    key: `basic ${realm} ${shown.join(' ')}`,
    async start() {
      refresh();
      if (unreadable !== undefined) throw unreadable;
    },
    authenticate(request: AuthRequest): Verdict {
      const credentials = credentialsOf(request.header('authorization'), 'basic');
      if (credentials === undefined) return 'no credentials';
      refresh();
      const given = digestOf(Buffer.from(credentials, 'base64').toString('utf8'));
      const identity = identities[indexOfEqual(digests, given)];
      if (identity !== undefined) return identity;
      if (unreadable !== undefined) throw unreadable;
      return 'wrong credentials';
    },
  };
}
