import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { OTLPLogExporter as LogsGrpc } from '@opentelemetry/exporter-logs-otlp-grpc';
import { OTLPLogExporter as LogsJson } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as LogsProto } from '@opentelemetry/exporter-logs-otlp-proto';
import {
  InMemoryLogRecordExporter,
  LoggerProvider,
  type ReadableLogRecord,
  SimpleLogRecordProcessor,
} from '@opentelemetry/sdk-logs';
import type { RunningReceiver } from '@otelier/core';
import type { LogsBatch } from '@otelier/otlp';
import { afterEach, expect, test, vi } from 'vitest';
import { authority, issue, written } from '../../../../test/tls/certificates.js';
import { serve } from '../../test/harness.js';
import { anyOf } from './auth/any-of.js';
import { bearer } from './auth/bearer.js';
import { clientCertificate } from './auth/client-certificate.js';
import { otlpReceiver } from './otlp.js';

let running: RunningReceiver;
afterEach(async () => {
  vi.unstubAllEnvs();
  await running?.close();
});

async function someLogs(): Promise<ReadableLogRecord[]> {
  const memory = new InMemoryLogRecordExporter();
  const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter: memory })] });
  provider.getLogger('test').emit({ body: 'hello', attributes: { 'user.email': 'mallory@example.com' } });
  await provider.forceFlush();
  return [...memory.getFinishedLogRecords()];
}

async function send(exporter: LogsGrpc | LogsJson | LogsProto, logs: ReadableLogRecord[]): Promise<number> {
  const { code } = await new Promise<ExportResult>((resolve) => exporter.export(logs, resolve));
  await exporter.shutdown();
  return code;
}

test('the SDK, set up by the environment as Claude Code is, comes in by certificate or by token, and cannot pretend', async () => {
  const ca = await authority();
  const [server, client] = await Promise.all([issue(ca, 'localhost'), issue(ca, 'ada')]);
  const [own, theirs] = await Promise.all([written(ca, server), written(ca, client)]);
  const served = await serve(
    otlpReceiver({
      ...{ grpc: '127.0.0.1:0', http: '127.0.0.1:0', tls: { ...own, clientAuth: 'request' } },
      auth: anyOf(clientCertificate(), bearer({ tokens: { 'robot@example.com': 'a-token' } })),
      identity: { 'user.email': 'email[0]' },
    }),
  );
  running = served;
  const [grpcs, https] = (served.endpoints ?? []).map((endpoint) => endpoint.replace(/^grpcs/, 'https'));
  const logs = await someLogs();
  const exporters = () => [
    new LogsJson({ url: `${https}/v1/logs` }),
    new LogsProto({ url: `${https}/v1/logs` }),
    new LogsGrpc({ url: grpcs as string }),
  ];
  const outcomes = async () => Promise.all(exporters().map((exporter) => send(exporter, logs)));
  const { SUCCESS, FAILED } = ExportResultCode;

  vi.stubEnv('OTEL_EXPORTER_OTLP_CERTIFICATE', theirs.ca);
  expect(await outcomes()).toEqual([FAILED, FAILED, FAILED]);
  vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'Authorization=Bearer%20a-token');
  expect(await outcomes()).toEqual([SUCCESS, SUCCESS, SUCCESS]);
  vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', '');
  vi.stubEnv('OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE', theirs.cert);
  vi.stubEnv('OTEL_EXPORTER_OTLP_CLIENT_KEY', theirs.key);
  expect(await outcomes()).toEqual([SUCCESS, SUCCESS, SUCCESS]);

  const emails = served.arrived.map(({ batch }) => {
    const [record] = [...(batch as LogsBatch).records()];
    return [record?.resource.attributes.get('user.email'), record?.attributes.get('user.email')];
  });
  // A bearer token has no claim `email` here: nothing is known, so nothing is said.
  expect(emails.slice(0, 3)).toEqual(Array(3).fill([undefined, undefined]));
  expect(emails.slice(3)).toEqual(Array(3).fill(['ada@example.com', 'ada@example.com']));
});
