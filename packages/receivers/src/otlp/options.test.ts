import { ConfigError } from '@otelier/core';
import { describe, expect, test } from 'vitest';
import type { OtlpReceiverOptions } from './options.js';
import { otlpReceiver } from './otlp.js';
import { parseSettings } from './settings.js';

describe('options', () => {
  test('loopback and the standard ports by default', () => {
    expect(parseSettings({})).toMatchObject({
      grpc: { endpoint: { host: '127.0.0.1', port: 4317 } },
      http: { endpoint: { host: '127.0.0.1', port: 4318 }, idleTimeout: 75_000 },
      maxBytes: 64 * 1024 * 1024,
    });
  });

  test('a string, an object and false', () => {
    expect(parseSettings({ grpc: false, http: { endpoint: '[::1]:80', idleTimeout: '2m' } })).toMatchObject({
      grpc: false,
      http: { endpoint: { host: '::1', port: 80 }, idleTimeout: 120_000 },
    });
    expect(parseSettings({ http: '0.0.0.0:1', allowUnauthenticated: true })).toMatchObject({
      http: { endpoint: { host: '0.0.0.0', port: 1 }, requestTimeout: 60_000 },
    });
  });

  test.each<[OtlpReceiverOptions, object]>([
    [{}, { grpc: '127.0.0.1:4317', http: '127.0.0.1:4318', maxBytes: '64MiB' }],
    [
      { grpc: false, http: '[::1]:80', maxBytes: '1MiB' },
      { grpc: false, http: '[::1]:80', maxBytes: '1MiB' },
    ],
    [{ http: { endpoint: '[::1]:80' } }, { grpc: '127.0.0.1:4317', http: '[::1]:80', maxBytes: '64MiB' }],
    [
      { http: { idleTimeout: '2m' } },
      { grpc: '127.0.0.1:4317', http: { endpoint: '127.0.0.1:4318', idleTimeout: '2m' }, maxBytes: '64MiB' },
    ],
  ])('%j are told as one would write them', (options, told) => {
    expect(otlpReceiver(options).options).toEqual(told);
  });

  test('limits: none but those of connections by default, sizes in bytes, told as they were given', () => {
    expect(parseSettings({}).limits).toEqual({ connections: 10_000 });
    const limits = { by: 'address', requestsPerSecond: 5, bytesPerSecond: '1KiB', inFlight: '2KiB' } as const;
    expect(parseSettings({ limits }).limits).toEqual({
      ...limits,
      bytesPerSecond: 1024,
      inFlight: 2048,
      connections: 10_000,
    });
    expect(otlpReceiver({ limits, grpc: { idleTimeout: '1m' } }).options).toMatchObject({
      limits,
      grpc: { endpoint: '127.0.0.1:4317', idleTimeout: '1m' },
    });
    expect(otlpReceiver({ limits }).key).not.toBe(otlpReceiver().key);
    expect(parseSettings({ limits: { by: 'client' }, auth: () => undefined }).limits.by).toBe('client');
  });

  test('equal options have equal keys, and only those', () => {
    expect(otlpReceiver({ http: '127.0.0.1:4318' }).key).toBe(otlpReceiver().key);
    expect(otlpReceiver({ maxBytes: '1MiB' }).key).not.toBe(otlpReceiver().key);
  });

  test.each<[unknown, string]>([
    [{ http: '4318' }, "otlpReceiver: http: expected host:port such as '127.0.0.1:4318' or '[::1]:4318'"],
    [{ http: 'localhost:99999' }, 'otlpReceiver: http: expected host:port'],
    [{ http: 'http://localhost:4318' }, 'otlpReceiver: http: expected host:port'],
    [{ grpc: { endpoint: 7 } }, 'otlpReceiver: grpc.endpoint: expected string, got a number'],
    [{ grpc: true }, 'otlpReceiver: grpc: expected'],
    [{ http: { idleTimeout: '75' } }, 'otlpReceiver: http.idleTimeout: expected a length of time'],
    [{ http: { tls: {} } }, 'otlpReceiver: http.tls: expected no such option'],
    [{ maxBytes: '64MB' }, 'otlpReceiver: maxBytes: expected a size'],
    [{ endpoint: '127.0.0.1:4318' }, 'otlpReceiver: endpoint: expected no such option'],
    [{ limits: { requestsPerSecond: 0 } }, 'otlpReceiver: limits.requestsPerSecond: expected a whole number from 1 on'],
    [{ limits: { requests: 1.5 } }, 'otlpReceiver: limits.requests: expected a whole number from 1 on'],
    [{ limits: { bytesPerSecond: '0B' } }, 'otlpReceiver: limits.bytesPerSecond: expected a size of at least 1B'],
    [{ limits: { inFlight: 1000 } }, 'otlpReceiver: limits.inFlight: expected string, got a number'],
    [{ limits: { by: 'port' } }, 'otlpReceiver: limits.by: expected'],
    [{ limits: { by: 'client' } }, "otlpReceiver: limits.by: expected auth beside 'client'"],
    [{ limits: { rate: 1 } }, 'otlpReceiver: limits.rate: expected no such option'],
    [{ grpc: { handshakeTimeout: '10' } }, 'otlpReceiver: grpc.handshakeTimeout: expected a length of time'],
    [{ grpc: false, http: false }, 'otlpReceiver: expected at least one of grpc and http to be on'],
  ])('%j', (options, message) => {
    expect(() => otlpReceiver(options as OtlpReceiverOptions)).toThrow(ConfigError);
    expect(() => otlpReceiver(options as OtlpReceiverOptions)).toThrow(message);
  });
});

describe('a door that other machines can reach', () => {
  const closed = ['127.0.0.1:0', '127.8.9.1:0', 'localhost:0', 'LOCALHOST:0', '[::1]:0', '[::ffff:127.0.0.1]:0'];
  const open = [
    '0.0.0.0:0',
    '[::]:0',
    '10.0.0.1:0',
    '[::ffff:10.0.0.1]:0',
    'collector:0',
    '127.example.com:0',
    '1.27.0.0:0',
  ];

  test.each(open)('%s needs authentication, or the word that it has none', (http) => {
    for (const options of [{ http }, { http: { endpoint: http } }, { http: false as const, grpc: http }])
      expect(() => parseSettings(options)).toThrow(/otlpReceiver: (http|grpc): expected authentication, since other/);
    const tls = { cert: 'a', key: 'b', ca: 'c' };
    expect(() => parseSettings({ http, tls: { ...tls, clientAuth: 'request' } })).toThrow('expected authentication');
    parseSettings({ http, allowUnauthenticated: true });
    parseSettings({ http, auth: () => undefined });
    expect(parseSettings({ http, tls: { ...tls, clientAuth: 'require' } }).auth?.name).toBe('client certificate');
  });

  test.each(closed)('%s is none', (http) => {
    parseSettings({ http });
  });
});

test.each<[unknown, string]>([
  [{ auth: 'token' }, 'otlpReceiver: auth: expected bearer(), basic(), jwt(), anyOf() or a function'],
  [{ identity: { a: 'b' } }, 'otlpReceiver: identity: expected auth beside it'],
  [{ auth: () => ({}), identity: { a: 'b..c' } }, 'otlpReceiver: identity.a: expected a claim such as'],
  [{ tls: { cert: 'a' } }, 'otlpReceiver: tls.key'],
  [{ tls: { cert: 'a', key: 'b', clientAuth: 'require' } }, 'otlpReceiver: tls: expected ca'],
  [{ tls: { cert: 'a', key: 'b', clientAuth: 'maybe' } }, 'otlpReceiver: tls.clientAuth'],
])('%j is refused', (options, message) => {
  expect(() => otlpReceiver(options as OtlpReceiverOptions)).toThrow(message);
});
