import { afterEach, expect, test, vi } from 'vitest';
import { elsewhere } from './elsewhere.js';

afterEach(() => vi.restoreAllMocks());

const doors = ['127.0.0.1:4317', '127.0.0.1:4318'];

test.each([
  'http://127.0.0.1:4318',
  'http://localhost:4318/',
  'http://[::1]:4317',
  'localhost:4317',
  'http://0.0.0.0:4318',
])('%s is our own door and is left out, with a word about it', (endpoint) => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const kept = elsewhere(doors, { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' });
  expect(kept).toEqual({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' });
  expect(warn.mock.calls).toEqual([
    [expect.stringMatching(/^OTEL_EXPORTER_OTLP_ENDPOINT names this pipeline's own receiver \(127\.0\.0\.1:431\d\)/)],
  ]);
});

test.each(['http://127.0.0.1:4319', 'http://collector.example.com:4318', 'https://localhost', 'not a url'])(
  '%s is somewhere else and stays',
  (endpoint) => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const environment = { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: endpoint };
    expect(elsewhere(doors, environment)).toEqual(environment);
    expect(warn).not.toHaveBeenCalled();
  },
);
