import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, secret } from '@otelier/core';
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { testHost } from '../../../test/harness.js';
import type { Authenticator, Verdict } from './authenticator.js';
import { type JwtOptions, jwt } from './jwt.js';

const claims = { sub: 'u1', email: 'ada@example.com', groups: ['platform'] };
const of = { issuer: 'https://login.example.com', audience: 'otelier' };
const shared = 'a shared secret of more than 32 bytes';
type Keys = Awaited<ReturnType<typeof generateKeyPair>>;
let keys: Keys;
let other: Keys;
let server: Server | undefined;

beforeAll(async () => {
  [keys, other] = await Promise.all([generateKeyPair('ES256', { extractable: true }), generateKeyPair('ES256')]);
});
afterEach(() => {
  vi.useRealTimers();
  server?.close();
  server = undefined;
});

interface Made {
  readonly claims?: JWTPayload;
  readonly issuer?: string;
  readonly audience?: string;
  readonly expires?: string | number | undefined;
  readonly kid?: string;
  readonly by?: Keys;
}

function token(made: Made = {}): Promise<string> {
  const signed = new SignJWT(made.claims ?? claims)
    .setProtectedHeader({ alg: 'ES256', kid: made.kid ?? 'k1' })
    .setIssuer(made.issuer ?? of.issuer)
    .setAudience(made.audience ?? of.audience);
  if (!('expires' in made)) signed.setExpirationTime('1h');
  else if (made.expires !== undefined) signed.setExpirationTime(made.expires);
  return signed.sign((made.by ?? keys).privateKey);
}

async function ask(auth: Authenticator, text: string): Promise<unknown> {
  const verdict: Verdict = await auth.authenticate({
    ...{ transport: 'http', address: '', certificate: undefined },
    header: (name) => (name === 'authorization' ? text : undefined),
  });
  return typeof verdict === 'string' ? verdict : verdict.claims;
}

async function started(options: Omit<JwtOptions, 'issuer' | 'audience'>): Promise<Authenticator> {
  const auth = jwt({ ...of, ...options });
  await auth.start?.(testHost());
  return auth;
}

async function localKeys(kid = 'k1') {
  return { keys: [{ ...(await exportJWK(keys.publicKey)), kid, alg: 'ES256' }] };
}

describe('a token', () => {
  test.each<[string, () => Promise<string>, unknown]>([
    ['that is right', () => token(), expect.objectContaining(claims)],
    ['of another issuer', () => token({ issuer: 'https://evil.example.com' }), 'wrong credentials'],
    ['for another audience', () => token({ audience: 'someone-else' }), 'wrong credentials'],
    ['that has expired', () => token({ expires: Math.floor(Date.now() / 1000) - 60 }), 'expired credentials'],
    ['that never expires', () => token({ expires: undefined }), 'wrong credentials'],
    ['signed with another key', () => token({ by: other }), 'wrong credentials'],
    ['with a key that is not known', () => token({ kid: 'k9' }), 'wrong credentials'],
    ['without a signature', async () => new UnsecuredJWT(claims).setIssuer(of.issuer).encode(), 'wrong credentials'],
    ['that is none', async () => 'abc', 'wrong credentials'],
    ['of three parts that are none', async () => 'a.b.c', 'wrong credentials'],
  ])('%s', async (_name, make, expected) => {
    const auth = await started({ jwks: await localKeys() });
    expect(await ask(auth, `Bearer ${await make()}`)).toEqual(expected);
  });

  test('that is changed in one character opens nothing', async () => {
    const auth = await started({ jwks: await localKeys() });
    const good = await token();
    for (let at = 0; at < good.length; at += 7) {
      const changed = good.slice(0, at) + (good[at] === 'A' ? 'B' : 'A') + good.slice(at + 1);
      // The last characters of a part may hold bits that mean nothing.
      if (Buffer.from(changed, 'base64url').equals(Buffer.from(good, 'base64url'))) continue;
      expect(await ask(auth, `Bearer ${changed}`), String(at)).toBe('wrong credentials');
    }
  });

  test('signed with the public key as if it were a shared secret opens nothing', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'otelier-jwt-')), 'key.pem');
    const pem = await exportSPKI(keys.publicKey);
    writeFileSync(path, pem);
    const auth = await started({ publicKey: path, algorithms: ['ES256'] });
    const forged = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(of.issuer)
      .setAudience(of.audience)
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode(pem));
    expect(await ask(auth, `Bearer ${forged}`)).toBe('wrong credentials');
    expect(await ask(auth, `Bearer ${await token()}`)).toMatchObject(claims);
  });

  test('of a shared secret', async () => {
    const auth = await started({ secret: secret`${shared}` });
    const make = (by: string) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256' })
        .setIssuer(of.issuer)
        .setAudience(of.audience)
        .setExpirationTime('1h')
        .sign(new TextEncoder().encode(by));
    expect(await ask(auth, `Bearer ${await make(shared)}`)).toMatchObject(claims);
    expect(await ask(auth, `Bearer ${await make(`${shared}!`)}`)).toBe('wrong credentials');
  });
});

test('tokens of one person are one identity, whenever they were made', async () => {
  const auth = await started({ jwks: await localKeys() });
  const identity = async (made: Made) =>
    (await auth.authenticate({
      ...{ transport: 'http', address: '', certificate: undefined, header: () => undefined },
      ...{ header: await token(made).then((text) => () => `Bearer ${text}`) },
    })) as { readonly key: string };
  const first = await identity({ expires: '1h' });
  expect((await identity({ expires: '2h' })).key).toBe(first.key);
  expect((await identity({ claims: { ...claims, sub: 'u2' } })).key).not.toBe(first.key);
});

describe('keys that the issuer publishes', () => {
  async function publish(answer: () => Promise<{ readonly status: number; readonly body: object }>) {
    let asked = 0;
    const made = createServer((_request, response) => {
      asked++;
      void answer().then(({ status, body }) => response.writeHead(status).end(JSON.stringify(body)));
    });
    server = made;
    await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(made.address() as AddressInfo).port}/jwks.json`;
    return { url, asked: () => asked };
  }

  test('are fetched once, and a good token is not checked again and again', async () => {
    const { url, asked } = await publish(async () => ({ status: 200, body: await localKeys() }));
    const auth = await started({ jwks: url });
    const good = await token();
    expect(await ask(auth, `Bearer ${good}`)).toMatchObject(claims);
    const verdict = auth.authenticate({
      ...{ transport: 'http', address: '', certificate: undefined, header: () => `Bearer ${good}` },
    });
    expect(verdict).not.toBeInstanceOf(Promise);
    expect(await ask(auth, `Bearer ${await token({ by: other })}`)).toBe('wrong credentials');
    expect(asked()).toBe(1);
  });

  test.each([
    [500, {}],
    [200, { keys: 'none' }],
  ])('that cannot be fetched (%i, %j) are no fault of the sender', async (status, body) => {
    const { url } = await publish(async () => ({ status, body }));
    const auth = await started({ jwks: url });
    const good = await token();
    await expect(ask(auth, `Bearer ${good}`)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
    server?.closeAllConnections();
    server?.close();
    await expect(ask(auth, `Bearer ${good}`)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('and are rotated: a new key counts within ten seconds, and until then its tokens are asked to come again', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    let kid = 'k1';
    const { url, asked } = await publish(async () => ({ status: 200, body: await localKeys(kid) }));
    const auth = await started({ jwks: url });
    expect(await ask(auth, `Bearer ${await token()}`)).toMatchObject(claims);
    kid = 'k2';
    vi.setSystemTime(Date.now() + 4000);
    const next = `Bearer ${await token({ kid })}`;
    await expect(ask(auth, next)).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 6000 });
    vi.setSystemTime(Date.now() + 6000);
    expect(await ask(auth, next)).toMatchObject(claims);
    expect(asked()).toBe(2);
  });

  test('a key that they do not have is wrong once they were fetched for it, and is not fetched for again and again', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { url, asked } = await publish(async () => ({ status: 200, body: await localKeys() }));
    const auth = await started({ jwks: url });
    const foreign = `Bearer ${await token({ kid: 'k9' })}`;
    expect(await ask(auth, `Bearer ${await token()}`)).toMatchObject(claims);
    await expect(ask(auth, foreign)).rejects.toMatchObject({ code: 'unavailable' });
    vi.setSystemTime(Date.now() + 10_000);
    expect(await ask(auth, foreign)).toBe('wrong credentials');
    expect(await ask(auth, foreign)).toBe('wrong credentials');
    expect(asked()).toBe(2);
  });

  test('go on to count for a day when the issuer is down', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    let status = 200;
    const { url } = await publish(async () => ({ status, body: await localKeys() }));
    const auth = await started({ jwks: url });
    expect(await ask(auth, `Bearer ${await token()}`)).toMatchObject(claims);
    status = 503;
    vi.setSystemTime(Date.now() + 23 * 3_600_000);
    expect(await ask(auth, `Bearer ${await token()}`)).toMatchObject(claims);
    vi.setSystemTime(Date.now() + 2 * 3_600_000);
    for (let i = 0; i < 2; i++)
      await expect(ask(auth, `Bearer ${await token()}`)).rejects.toMatchObject({ code: 'unavailable' });
    status = 200;
    expect(await ask(auth, `Bearer ${await token()}`)).toMatchObject(claims);
  });
});

test('a shared secret that changes in its file counts within a second, also for tokens that were good before', async () => {
  vi.useFakeTimers();
  const path = join(mkdtempSync(join(tmpdir(), 'otelier-jwt-')), 'secret');
  const make = (by: string) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(of.issuer)
      .setAudience(of.audience)
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode(by));
  writeFileSync(path, shared);
  const auth = await started({ secret: secret.file(path) });
  const before = `Bearer ${await make(shared)}`;
  expect(await ask(auth, before)).toMatchObject(claims);
  writeFileSync(path, `${shared}, and another`);
  vi.advanceTimersByTime(1001);
  expect(await ask(auth, before)).toBe('wrong credentials');
  expect(await ask(auth, `Bearer ${await make(`${shared}, and another`)}`)).toMatchObject(claims);
});

test.each<[object, string]>([
  [{ ...of }, 'jwt: expected exactly one of jwks, publicKey and secret'],
  [{ ...of, secret: shared, jwks: 'https://a/b' }, 'jwt: expected exactly one of'],
  [{ ...of, jwks: 'http://login.example.com/jwks' }, 'jwt: jwks: expected an https URL'],
  [{ ...of, jwks: 'not a url' }, 'jwt: jwks: expected an https URL'],
  [{ ...of, secret: 'short' }, 'jwt: secret: expected at least 32 bytes'],
  [{ ...of, secret: shared, algorithms: ['RS256'] }, 'jwt: algorithms: expected some of HS256'],
  [{ ...of, jwks: 'https://a/b', algorithms: ['HS256'] }, 'jwt: algorithms: expected some of RS256'],
  [{ ...of, jwks: 'https://a/b', algorithms: ['none'] }, 'jwt: algorithms: expected some of RS256'],
  [{ ...of, publicKey: 'key.pem' }, "jwt: algorithms: expected the one that the publicKey is for, such as ['RS256']"],
  [{ secret: shared, audience: 'a' }, 'jwt: issuer'],
  [{ secret: shared, issuer: 'a' }, 'jwt: audience'],
])('refuses %j', (options, message) => {
  expect(() => jwt(options as JwtOptions)).toThrow(ConfigError);
  expect(() => jwt(options as JwtOptions)).toThrow(message);
});
