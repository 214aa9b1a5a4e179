import { readFile } from 'node:fs/promises';
import { ConfigError, type Identity, PipelineError, parseOptions, revealed, Secret } from '@otelier/core';
import type { CryptoKey, JSONWebKeySet, JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose';
import * as v from 'valibot';
import { type Authenticator, type AuthFailure, type AuthRequest, identityOf, type Verdict } from './authenticator.js';
import { credentialsOf, digestOf } from './compare.js';
import { publishedKeys } from './published-keys.js';

/** Options of {@link jwt}: exactly one of `jwks`, `publicKey` and `secret`. */
export interface JwtOptions {
  /** Where the issuer publishes its keys, such as `https://login.example.com/.well-known/jwks.json`, or the keys themselves. */
  readonly jwks?: string | JSONWebKeySet;
  /** The issuer's public key: the path of a PEM file (SPKI), or a secret that holds the PEM text. Needs `algorithms`. */
  readonly publicKey?: string | Secret;
  /** What issuer and receiver share, at least 32 bytes; tokens are then signed with HS256, HS384 or HS512. */
  readonly secret?: string | Secret;
  /** The `iss` that tokens must have. */
  readonly issuer: string | readonly string[];
  /** The `aud` that tokens must have: tokens that the issuer made for others do not count here. */
  readonly audience: string | readonly string[];
  /** Signatures that count, such as `['RS256']`. Default: all of the kind of key that is given. */
  readonly algorithms?: readonly string[];
  /** How far the clocks of issuer and receiver may be apart, in seconds. Default 30. */
  readonly clockTolerance?: number;
}

const asymmetric = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
const symmetric = ['HS256', 'HS384', 'HS512'];
const names = v.union([v.pipe(v.string(), v.minLength(1)), v.pipe(v.array(v.string()), v.minLength(1))]);
const text = v.union([v.pipe(v.string(), v.minLength(1)), v.instance(Secret)]);
const schema = v.strictObject({
  jwks: v.optional(v.union([v.string(), v.looseObject({ keys: v.array(v.looseObject({})) })])),
  publicKey: v.optional(text),
  secret: v.optional(text),
  issuer: names,
  audience: names,
  algorithms: v.optional(v.pipe(v.array(v.string()), v.minLength(1, 'at least one algorithm'))),
  clockTolerance: v.optional(v.pipe(v.number(), v.minValue(0, 'no less than 0 seconds')), 30),
});

/**
 * Lets in whoever shows a JSON Web Token (RFC 7519) of this issuer for this audience, as `Authorization: Bearer …`; its claims become the
 * sender's. Tokens must expire. Keys that are fetched are fetched again when a token names one that is not known.
 *
 * @throws {ConfigError} when an option is wrong.
 */
export function jwt(options: JwtOptions): Authenticator {
  const { algorithms } = parseOptions('jwt', schema, options);
  const given = (['jwks', 'publicKey', 'secret'] as const).filter((name) => options[name] !== undefined);
  if (given.length !== 1) throw new ConfigError('jwt', 'exactly one of jwks, publicKey and secret');
  // A public key that were taken for a shared secret would let everybody sign.
  const possible = options.secret === undefined ? asymmetric : symmetric;
  const foreign = algorithms?.filter((name) => !possible.includes(name)) ?? [];
  if (foreign.length > 0) throw new ConfigError('jwt: algorithms', `some of ${possible.join(', ')} with a ${given[0]}`);
  if (options.publicKey !== undefined && algorithms?.length !== 1)
    throw new ConfigError('jwt: algorithms', "the one that the publicKey is for, such as ['RS256']");
  if (typeof options.secret === 'string') checkLength(options.secret);
  if (typeof options.jwks === 'string') checkUrl(options.jwks);
  return new Jwt(options, algorithms ?? possible);
}

function checkLength(secret: string): void {
  if (Buffer.byteLength(secret) < 32) throw new ConfigError('jwt: secret', 'at least 32 bytes (RFC 7518 section 3.2)');
}

function checkUrl(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isLocal = parsed !== undefined && /^(127\.[\d.]+|\[::1\]|localhost)$/.test(parsed.hostname);
  // Whoever can change the keys on their way can sign everything.
  if (parsed?.protocol !== 'https:' && !(parsed?.protocol === 'http:' && isLocal))
    throw new ConfigError('jwt: jwks', 'an https URL, or a set of keys');
}

/** Tokens that are remembered as good, and for how long at most, so that a key that was withdrawn ends them. */
const maxRemembered = 10_000;
const rememberedMs = 5 * 60_000;

/** Of jose's errors those that the issuer's keys are to blame for. */
const keyTrouble = new Set(['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID']);

class Jwt implements Authenticator {
  readonly name = 'jwt';
  readonly challenge = 'Bearer';
  readonly key: string;
  private readonly options: JwtOptions;
  private readonly verifyOptions: JWTVerifyOptions;
  private readonly good = new Map<string, { readonly identity: Identity; readonly until: number }>();
  private verify: (token: string) => Promise<JWTPayload> = () => Promise.reject(new Error('not started'));
  private current: { readonly text: string | undefined; readonly key: CryptoKey | Uint8Array } | undefined;
  private jose: typeof import('jose') | undefined;

  constructor(options: JwtOptions, algorithms: readonly string[]) {
    this.options = options;
    const { issuer, audience, clockTolerance = 30 } = options;
    this.verifyOptions = {
      issuer: [issuer].flat() as string[],
      audience: [audience].flat() as string[],
      algorithms: [...algorithms],
      clockTolerance,
      requiredClaims: ['exp'],
    };
    const { secret } = options;
    const shown = typeof secret === 'string' ? digestOf(secret).toString('base64') : secret;
    this.key = `jwt ${JSON.stringify({ ...options, secret: shown })}`;
  }

  async start(): Promise<void> {
    const jose = await import('jose');
    this.jose = jose;
    const { jwks } = this.options;
    if (jwks !== undefined) {
      const keys: JWTVerifyGetKey =
        typeof jwks === 'string' ? publishedKeys(jose, new URL(jwks)) : jose.createLocalJWKSet(jwks);
      this.verify = async (token) => (await jose.jwtVerify(token, keys, this.verifyOptions)).payload;
    } else {
      await this.currentKey();
      this.verify = async (token) => (await jose.jwtVerify(token, await this.currentKey(), this.verifyOptions)).payload;
    }
  }

  private isKeyCurrent(): boolean {
    const source = this.options.secret ?? this.options.publicKey;
    return !(source instanceof Secret) || source.reveal() === this.current?.text;
  }

  /** The shared secret or the public key as of now: a file may change. What another key has signed is forgotten then. */
  private async currentKey(): Promise<CryptoKey | Uint8Array> {
    const { publicKey, secret } = this.options;
    const source = (secret ?? publicKey) as string | Secret;
    const text = source instanceof Secret ? revealed(source) : undefined;
    if (this.current === undefined || text !== this.current.text) {
      const key = secret === undefined ? await this.importKey(publicKey as string | Secret) : sharedKey(secret);
      this.good.clear();
      this.current = { text, key };
    }
    return this.current.key;
  }

  authenticate(request: AuthRequest): Verdict | Promise<Verdict> {
    const token = credentialsOf(request.header('authorization'), 'bearer');
    if (token === undefined) return 'no credentials';
    // Not for the token itself: what is in memory for minutes should open no door.
    const name = digestOf(token).toString('base64');
    const known = this.good.get(name);
    if (known !== undefined && Date.now() < known.until && this.isKeyCurrent()) return known.identity;
    this.good.delete(name);
    return this.verify(token).then(
      (claims) => this.remember(name, claims),
      (error: unknown) => this.failure(error),
    );
  }

  private remember(name: string, claims: JWTPayload): Identity {
    const identity = identityOf(claims);
    const [oldest] = this.good.keys();
    if (this.good.size >= maxRemembered && oldest !== undefined) this.good.delete(oldest);
    this.good.set(name, { identity, until: Math.min(Date.now() + rememberedMs, (claims.exp as number) * 1000) });
    return identity;
  }

  private failure(error: unknown): AuthFailure {
    // Ours: a key that is not known yet, a file without a value.
    if (error instanceof PipelineError || error instanceof ConfigError) throw error;
    const { errors } = this.jose as typeof import('jose');
    if (error instanceof errors.JWTExpired) return 'expired credentials';
    // jose tells a set of keys that could not be fetched by the plain class, and by what fetch throws.
    const isFetch = !(error instanceof errors.JOSEError) || keyTrouble.has(error.code);
    if (isFetch && typeof this.options.jwks === 'string')
      throw new PipelineError('unavailable', 'the keys to check tokens with cannot be fetched', {
        cause: new PipelineError('unavailable', `${placeOf(this.options.jwks)}: ${whyNotFetched(error)}`),
      });
    return 'wrong credentials';
  }

  private async importKey(source: string | Secret): Promise<CryptoKey> {
    try {
      const pem = source instanceof Secret ? source.reveal() : await readFile(source, 'utf8');
      return await (this.jose as typeof import('jose')).importSPKI(pem, this.verifyOptions.algorithms?.[0] as string);
    } catch (error) {
      throw new ConfigError('jwt: publicKey', 'a PEM file (BEGIN PUBLIC KEY) of a key for that algorithm', {
        cause: error,
      });
    }
  }
}

function sharedKey(secret: string | Secret): Uint8Array {
  const value = revealed(secret);
  checkLength(value);
  return new TextEncoder().encode(value);
}

function placeOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

/** For the log; neither jose nor fetch speak of tokens when they fetch keys. */
function whyNotFetched(error: unknown): string {
  const { message, cause } = error as Error;
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
  return `${message}${code}`;
}
