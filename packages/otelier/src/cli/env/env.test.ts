import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { render } from './env.js';

test('a shell that evaluates the text has exactly these variables, and none of one signal that would beat them', () => {
  const current = { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://elsewhere', OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: 'grpc' };
  const script = `eval "$TEXT"; env | grep -E '^(CLAUDE|OTEL)_' | sort`;
  const env = { ...current, PATH: process.env.PATH, TEXT: render({ traces: true }, current) };
  expect(execFileSync('sh', ['-c', script], { env, encoding: 'utf8' }).trim().split('\n')).toEqual([
    'CLAUDE_CODE_ENABLE_TELEMETRY=1',
    'CLAUDE_CODE_ENHANCED_TELEMETRY_BETA=1',
    'OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318',
    'OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
    'OTEL_LOGS_EXPORTER=otlp',
    'OTEL_METRICS_EXPORTER=otlp',
    'OTEL_TRACES_EXPORTER=otlp',
  ]);
});

test('the settings are JSON with the same variables; the port follows the protocol', () => {
  const settings = JSON.parse(render({ json: true, protocol: 'grpc' }, {})) as { env: Record<string, string> };
  expect(settings.env).toEqual({
    CLAUDE_CODE_ENABLE_TELEMETRY: '1',
    OTEL_METRICS_EXPORTER: 'otlp',
    OTEL_LOGS_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4317',
  });
  expect(render({ shell: true, endpoint: 'https://otel.example.com' }, {})).toContain(
    'export OTEL_EXPORTER_OTLP_ENDPOINT=https://otel.example.com\n',
  );
});

test.each(['127.0.0.1:4318', 'http://x; rm -rf y', 'http://$(id)', "http://a'b"])(
  'an endpoint %s is refused',
  (endpoint) => {
    expect(() => render({ endpoint }, {})).toThrow('--endpoint: expected a URL');
  },
);
