import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, secret } from '@otelier/core';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { testHost } from '../../../test/harness.js';
import { anyOf } from './any-of.js';
import type { Authenticate, Authenticator, AuthRequest, Verdict } from './authenticator.js';
import { authenticatorOf } from './authenticator.js';
import { type BasicOptions, basic } from './basic.js';
import { type BearerOptions, bearer } from './bearer.js';
import { alternativeNames } from './client-certificate.js';
import { credentialsOf } from './compare.js';
import { isCredential } from './credential-headers.js';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

function request(headers: Readonly<Record<string, string>>): AuthRequest {
  return { transport: 'http', address: '', certificate: undefined, header: (name) => headers[name] };
}

async function ask(auth: Authenticator | Authenticate, headers: Readonly<Record<string, string>>): Promise<unknown> {
  const made = authenticatorOf(auth);
  await made.start?.(testHost());
  const verdict: Verdict = await made.authenticate(request(headers));
  return typeof verdict === 'string' ? verdict : verdict.claims;
}

const authorization = (text: string) => ({ authorization: text });
const userPass = (text: string) => authorization(`Basic ${Buffer.from(text).toString('base64')}`);

describe('bearer', () => {
  test.each<[BearerOptions['tokens'], string, unknown]>([
    ['abc', 'Bearer abc', {}],
    ['abc', 'bearer   abc ', {}],
    ['abc', 'Bearer abd', 'wrong credentials'],
    ['abc', 'Bearer ab', 'wrong credentials'],
    ['abc', 'Bearer', 'no credentials'],
    ['abc', 'Basic abc', 'no credentials'],
    ['abc', 'abc', 'no credentials'],
    ['abc', 'Bearer abc abc', 'no credentials'],
    [['old', 'new'], 'Bearer new', {}],
    [['old', 'new'], 'Bearer old', {}],
    [{ platform: 'p1', mobile: ['m1', 'm2'] }, 'Bearer m2', { name: 'mobile' }],
    [{ platform: 'p1', mobile: ['m1', 'm2'] }, 'Bearer p1', { name: 'platform' }],
  ])('%j lets in %j: %j', async (tokens, header, expected) => {
    expect(await ask(bearer({ tokens }), authorization(header))).toEqual(expected);
  });

  test('another header holds the bare token', async () => {
    const auth = bearer({ tokens: 'abc', header: 'x-api-key' });
    expect(await ask(auth, { 'x-api-key': 'abc' })).toEqual({});
    expect(await ask(auth, authorization('Bearer abc'))).toBe('no credentials');
  });

  test('a file holds one token a line, and its changes count while it runs', async () => {
    vi.useFakeTimers();
    const path = join(mkdtempSync(join(tmpdir(), 'otelier-tokens-')), 'tokens');
    writeFileSync(path, '# until the end of the month\none\n\n  two\r\n');
    const auth = bearer({ tokens: { team: secret.file(path) } });
    expect(await ask(auth, authorization('Bearer one'))).toEqual({ name: 'team' });
    expect(await ask(auth, authorization('Bearer two'))).toEqual({ name: 'team' });
    expect(await ask(auth, authorization('Bearer #'))).toBe('no credentials');
    writeFileSync(path, 'three');
    utimesSync(path, 1, 1);
    vi.advanceTimersByTime(1001);
    expect(await ask(auth, authorization('Bearer three'))).toEqual({ name: 'team' });
    expect(await ask(auth, authorization('Bearer one'))).toBe('wrong credentials');
  });

  test('only the very tokens are let in', async () => {
    const token = fc.stringMatching(/^[A-Za-z0-9._~+/-]{1,40}$/);
    await fc.assert(
      fc.asyncProperty(fc.array(token, { minLength: 1, maxLength: 5 }), token, async (tokens, other) => {
        const auth = bearer({ tokens });
        for (const each of tokens) expect(await ask(auth, authorization(`Bearer ${each}`))).toEqual({});
        const expected = tokens.includes(other) ? {} : 'wrong credentials';
        expect(await ask(auth, authorization(`Bearer ${other}`))).toEqual(expected);
      }),
    );
  });

  test.each<[unknown, string]>([
    [{}, 'bearer: tokens'],
    [{ tokens: '' }, 'bearer: tokens'],
    [{ tokens: [] }, 'bearer: tokens'],
    [{ tokens: {} }, 'bearer: tokens'],
    [{ tokens: 'a', header: 'X Y' }, 'bearer: header'],
  ])('refuses %j', (options, path) => {
    expect(() => bearer(options as BearerOptions)).toThrow(path);
  });

  test('a variable without a value is named when the receiver starts, not before', async () => {
    vi.stubEnv('OTELIER_TEST_TOKEN', '');
    const auth = bearer({ tokens: secret.env('OTELIER_TEST_TOKEN') });
    await expect(auth.start?.(testHost())).rejects.toThrow("secret.env('OTELIER_TEST_TOKEN')");
  });
});

describe('a file that is taken away while others are there', () => {
  const files = () => {
    vi.useFakeTimers();
    const path = join(mkdtempSync(join(tmpdir(), 'otelier-tokens-')), 'tokens');
    writeFileSync(path, 'gone');
    const remove = (): void => {
      rmSync(path);
      vi.advanceTimersByTime(1001);
    };
    return { path, remove };
  };
  const told = async (auth: Authenticator, headers: Readonly<Record<string, string>>): Promise<unknown> => {
    const verdict = await auth.authenticate(request(headers));
    return typeof verdict === 'string' ? verdict : verdict.claims;
  };

  test('lets nobody in by its tokens, and keeps nobody out who shows another', async () => {
    const { path, remove } = files();
    const tokens = bearer({ tokens: { a: secret.file(path), b: 'stays' } });
    const users = basic({ users: { a: secret.file(path), b: 'stays' } });
    const both = anyOf(
      bearer({ tokens: secret.file(path) }),
      bearer({ tokens: { b: 'stays' } }),
      basic({ users: { b: 'stays' } }),
    );
    for (const auth of [tokens, users, both]) await auth.start?.(testHost());
    expect(await told(tokens, authorization('Bearer gone'))).toEqual({ name: 'a' });
    expect(await told(users, userPass('a:gone'))).toEqual({ user: 'a' });
    remove();
    for (const auth of [tokens, both]) {
      expect(await told(auth, authorization('Bearer stays'))).toEqual({ name: 'b' });
      await expect(told(auth, authorization('Bearer gone'))).rejects.toThrow(path);
      expect(await told(auth, {})).toBe('no credentials');
    }
    for (const auth of [users, both]) expect(await told(auth, userPass('b:stays'))).toEqual({ user: 'b' });
    await expect(told(users, userPass('a:gone'))).rejects.toThrow(path);
    // What decodes to nothing equals nothing.
    await expect(told(users, authorization('Basic A'))).rejects.toThrow(path);
  });
});

describe('basic', () => {
  const auth = basic({ users: { ada: 'love:lace', grace: secret`${'höpper'}` } });

  test.each<[Record<string, string>, unknown]>([
    [userPass('ada:love:lace'), { user: 'ada' }],
    [userPass('grace:höpper'), { user: 'grace' }],
    [userPass('ada:love'), 'wrong credentials'],
    [userPass('ada'), 'wrong credentials'],
    [userPass('grace:love:lace'), 'wrong credentials'],
    [userPass(''), 'no credentials'],
    [authorization('Bearer YWRhOmxvdmU6bGFjZQ=='), 'no credentials'],
    [{}, 'no credentials'],
  ])('%j: %j', async (headers, expected) => {
    expect(await ask(auth, headers)).toEqual(expected);
  });

  test('a name and password that runs over into one another is not another pair', async () => {
    const text = fc.string({ maxLength: 8 }).filter((each) => !each.includes(':'));
    await fc.assert(
      fc.asyncProperty(text, text, text, async (name, password, other) => {
        fc.pre(name !== '' && password !== '' && other !== password);
        const one = basic({ users: { [name]: password } });
        expect(await ask(one, userPass(`${name}:${password}`))).toEqual({ user: name });
        expect(await ask(one, userPass(`${name}:${other}`))).toBe('wrong credentials');
        expect(await ask(one, userPass(`${other}:${password}`))).toEqual(
          other === name ? { user: name } : 'wrong credentials',
        );
      }),
    );
  });

  test.each<[unknown, string]>([
    [{ users: {} }, 'basic: users'],
    [{ users: { 'a:b': 'c' } }, 'basic: users'],
    [{ users: { a: '' } }, 'basic: users.a'],
    [{ users: { a: 'b' }, realm: 'a\nb' }, 'basic: realm'],
  ])('refuses %j', (options, path) => {
    expect(() => basic(options as BasicOptions)).toThrow(ConfigError);
    expect(() => basic(options as BasicOptions)).toThrow(path);
  });
});

describe('anyOf', () => {
  const later: Authenticate = async ({ header }) => (header('x-pass') === 'yes' ? { by: 'function' } : undefined);
  const auth = anyOf(bearer({ tokens: { a: 'abc' } }), later, basic({ users: { u: 'p' } }));

  test.each<[Record<string, string>, unknown]>([
    [authorization('Bearer abc'), { name: 'a' }],
    [{ 'x-pass': 'yes' }, { by: 'function' }],
    [userPass('u:p'), { user: 'u' }],
    [userPass('u:q'), 'wrong credentials'],
    [authorization('Bearer abd'), 'wrong credentials'],
  ])('%j: %j', async (headers, expected) => {
    expect(await ask(auth, headers)).toEqual(expected);
  });

  test('nothing shown is no credentials, and every way is offered', async () => {
    const ways = anyOf(bearer({ tokens: 'abc' }), basic({ users: { u: 'p' }, realm: 'my "site"' }));
    expect(await ask(ways, {})).toBe('no credentials');
    expect(ways.challenge).toBe('Bearer, Basic realm="my \\"site\\"", charset="UTF-8"');
    expect(ways.name).toBe('bearer or basic');
    expect(() => anyOf()).toThrow('anyOf');
  });
});

test('keys tell receivers apart on reload, and tell no secret', () => {
  const made = [
    bearer({ tokens: 'tok-aaaaaaaa' }),
    bearer({ tokens: 'tok-bbbbbbbb' }),
    bearer({ tokens: { n: 'tok-aaaaaaaa' } }),
    basic({ users: { u: 'tok-aaaaaaaa' } }),
    basic({ users: { u: 'tok-bbbbbbbb' } }),
    authenticatorOf(() => ({})),
    authenticatorOf(() => ({})),
  ];
  const keys = made.map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.join()).not.toContain('tok-');
  expect(bearer({ tokens: 'tok-aaaaaaaa' }).key).toBe(keys[0]);
});

test.each([
  ['Bearer a.b-c_d~e+f/g==', 'bearer', 'a.b-c_d~e+f/g=='],
  ['BASIC dTpw', 'basic', 'dTpw'],
  ['Bearer a,b', 'bearer', undefined],
  ['Bearer  ', 'bearer', undefined],
  ['Bearera', 'bearer', undefined],
  ['', 'bearer', undefined],
  [undefined, 'bearer', undefined],
] as const)('the credentials in %j', (header, scheme, expected) => {
  expect(credentialsOf(header, scheme)).toBe(expected);
});

test.each([
  [
    'DNS:a.example, IP Address:127.0.0.1, email:ada@example.com, URI:spiffe://td/ns/a',
    'a.example|ada@example.com|127.0.0.1|spiffe://td/ns/a',
  ],
  ['DNS:"a.example, DNS:b.example", DNS:c', 'a.example, DNS:b.example;c|||'],
  ['othername:<unsupported>, DNS:x', 'x|||'],
  [undefined, '|||'],
])('the names in %j', (text, expected) => {
  const { dns, email, ip, uri } = alternativeNames(text);
  expect([dns, email, ip, uri].map((names) => names.join(';')).join('|')).toBe(expected);
});

test('headers that may hold credentials', () => {
  const held = ['authorization', 'proxy-authorization', 'cookie', 'x-api-key', 'apikey', 'x-auth-token', 'dd-api-key'];
  expect(held.filter((name) => !isCredential(name))).toEqual([]);
  expect(['user-agent', 'otelier-via', 'x-tenant', 'content-type'].filter(isCredential)).toEqual([]);
});
