import { readFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createCollector, definePipelines, type PipelineError, PipelineError as Refusal } from '@otelier/core';
import { encodeExportResponse } from '@otelier/otlp';
import { otlpReceiver } from '@otelier/receivers';
import { type MemoryExporter, memoryExporter } from '@otelier/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { examinePatient, type Patient } from '../../../../test/doctor.js';
import { findingIds } from '../finding-ids.js';
import { canaryAttribute } from './canary.js';

const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A real collector with both doors on free ports. */
async function collector(refusal?: PipelineError): Promise<{ http: string; grpc: string; exporter: MemoryExporter }> {
  const exporter = memoryExporter();
  if (refusal !== undefined) exporter.refuse(100, refusal);
  const receivers = [otlpReceiver({ grpc: '127.0.0.1:0', http: '127.0.0.1:0' })];
  const pipeline = { receivers, exporters: [exporter] };
  const running = createCollector(
    definePipelines({ logs: { l: pipeline }, metrics: { m: pipeline }, traces: { t: pipeline } }),
    {
      logger: { debug() {}, info() {}, warn() {}, error() {} },
    },
  );
  await running.start();
  cleanups.push(() => running.shutdown({ deadline: '0ms' }));
  const doors = Object.values(running.endpoints()).flat();
  const door = (scheme: string) => (doors.find((each) => each.startsWith(scheme)) as string).replace('grpc:', 'http:');
  return { http: door('http'), grpc: door('grpc'), exporter };
}

async function listen(server: Server, scheme = 'http'): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A web server that gives one answer. */
function answering(status: number, body: Uint8Array | string = '', type?: string): Promise<string> {
  return listen(
    createHttp((request, response) => {
      request.resume().on('end', () => response.writeHead(status, type ? { 'content-type': type } : {}).end(body));
    }),
  );
}

/** A port on which nothing listens. */
async function closedPort(): Promise<string> {
  const server = createTcp();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

const probed = (env: Patient['env'], more: Partial<Patient> = {}) =>
  examinePatient({ ...more, env, options: { probe: true, timeoutMs: 5000, ...more.options } });
const probeIds = async (env: Patient['env'], more: Partial<Patient> = {}) =>
  (await probed(env, more)).findings.filter(({ id }) => id.startsWith('probe-')).map(({ id }) => id);

describe('a real collector', () => {
  test.each(['http/protobuf', 'http/json', 'grpc'] as const)(
    'takes the canary of every signal over %s',
    async (protocol) => {
      const { http, grpc, exporter } = await collector();
      const { probe, findings } = await probed({
        OTEL_TRACES_EXPORTER: 'otlp',
        CLAUDE_CODE_ENHANCED_TELEMETRY_BETA: '1',
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_EXPORTER_OTLP_ENDPOINT: protocol === 'grpc' ? grpc : http,
        OTEL_RESOURCE_ATTRIBUTES: 'team.id=platform',
      });
      expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
      expect(probe!.signals.map(({ signal, answer }) => [signal, answer!.kind])).toEqual([
        ['logs', 'accepted'],
        ['metrics', 'accepted'],
        ['traces', 'accepted'],
      ]);
      const [[log], [metric], [span]] = [exporter.received.logs, exporter.received.metrics, exporter.received.traces];
      const items = [[...log!.records()][0]!, [...metric!.points()][0]!, [...span!.spans()][0]!];
      for (const { attributes, resource } of items) {
        expect(attributes.get(canaryAttribute)).toBe(probe!.canary);
        expect(resource.attributes.get('team.id')).toBe('platform');
      }
      // What was asked in order to see what answers holds nothing.
      expect(exporter.received.logs.flatMap((batch) => [...batch.records()])).toHaveLength(1);
    },
  );

  test('each door is told by what it speaks', async () => {
    const { http, grpc } = await collector();
    const speaks = async (endpoint: string) => {
      const { probe } = await probed({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
      return probe!.places[0]!.knocks.filter(({ answer }) => answer.kind === 'accepted').map(
        ({ protocol }) => protocol,
      );
    };
    expect(await speaks(http)).toEqual(['http/protobuf', 'http/json']);
    expect(await speaks(grpc)).toEqual(['grpc']);
  });

  test.each([
    ['grpc', 'http'],
    ['http/protobuf', 'grpc'],
    ['http/json', 'grpc'],
  ] as const)('%s against the %s door is called by its name', async (protocol, door) => {
    const doors = await collector();
    const env = { OTEL_EXPORTER_OTLP_PROTOCOL: protocol, OTEL_EXPORTER_OTLP_ENDPOINT: doors[door] };
    const { findings } = await probed(env);
    const found = findings.filter(({ id }) => id.startsWith('probe-'));
    expect(found.map(({ id }) => id)).toEqual(['probe-protocol']);
    expect(found[0]!.fix).toBe(`export OTEL_EXPORTER_OTLP_PROTOCOL=${door === 'grpc' ? 'grpc' : 'http/protobuf'}`);
  });

  test('headers reach it: decoded over gRPC, as they stand over HTTP', async () => {
    const seen: unknown[] = [];
    const http = await listen(
      createHttp((request, response) => {
        seen.push(request.headers['x-tenant']);
        request.resume().on('end', () => response.writeHead(200).end());
      }),
    );
    const grpc = await listen(
      createHttp2().on('stream', (stream, headers) => {
        seen.push(headers['x-tenant']);
        stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '0' }, { endStream: true });
      }),
    );
    await probed({
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=a%20b',
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${http}/v1/metrics`,
      OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: grpc,
      OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: 'grpc',
    });
    expect(new Set(seen)).toEqual(new Set(['a%20b', 'a b']));
  });

  test('what its pipelines refuse is told with the code', async () => {
    const { http } = await collector(new Refusal('unavailable', 'the backend is down'));
    expect(await probeIds({ OTEL_EXPORTER_OTLP_ENDPOINT: http })).toContain('probe-unavailable');
    const { grpc } = await collector(new Refusal('rejected', 'no'));
    const env = { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_ENDPOINT: grpc };
    expect(await probeIds(env)).toContain('probe-refused');
  });
});

const partial = (rejected: number) => encodeExportResponse('logs', { rejected, message: 'why' }, 'protobuf');
const onlyLogs = { OTEL_METRICS_EXPORTER: 'none' };
const cert = (name: string) => fileURLToPath(new URL(`../../../../../exporters/test/tls/${name}`, import.meta.url));

const answers: readonly (readonly [string, () => Promise<string>])[] = [
  ['probe-nothing-listens', closedPort],
  ['probe-no-host', async () => 'http://no-such-host.invalid:4399'],
  ['probe-credentials', () => answering(401)],
  ['probe-credentials', () => answering(403)],
  ['probe-unavailable', () => answering(503)],
  ['probe-unavailable', () => answering(429)],
  ['probe-refused', () => answering(400)],
  ['probe-refused', () => answering(500, 'oops', 'text/plain')],
  ['probe-not-otlp', () => answering(404)],
  ['probe-not-otlp', () => answering(200, '<html>', 'text/html')],
  ['probe-rejected', () => answering(200, partial(1), 'application/x-protobuf')],
  ['probe-warned', () => answering(200, partial(0), 'application/x-protobuf')],
  ['probe-time-out', () => listen(createTcp((socket) => void socket.resume()))],
  ['probe-not-otlp', () => listen(createTcp((socket) => void socket.end('SSH-2.0-x\r\n')))],
  [
    'probe-certificate',
    () =>
      listen(
        createHttps(
          { cert: readFileSync(cert('server.cert.pem')), key: readFileSync(cert('server.key.pem')) },
          (_, response) => {
            response.end();
          },
        ),
        'https',
      ),
  ],
  ['probe-tls', async () => (await answering(200)).replace('http', 'https')],
];

test.each(answers)('%s', async (id, start) => {
  const ids = await probeIds(
    { ...onlyLogs, OTEL_EXPORTER_OTLP_ENDPOINT: await start() },
    { options: { probe: true, timeoutMs: id === 'probe-time-out' ? 300 : 5000 } },
  );
  expect(ids).toEqual([id]);
});

test('TLS where none is spoken to, and the other way round, is found with the line to put', async () => {
  const tls = { cert: readFileSync(cert('server.cert.pem')), key: readFileSync(cert('server.key.pem')) };
  const server = await listen(
    createHttps(tls, (request, response) => {
      request.resume().on('end', () => response.writeHead(200).end());
    }),
    'http',
  );
  const env = {
    ...onlyLogs,
    OTEL_EXPORTER_OTLP_ENDPOINT: server,
    OTEL_EXPORTER_OTLP_CERTIFICATE: cert('server.cert.pem'),
  };
  const { findings } = await probed(env);
  const found = findings.filter(({ id }) => id.startsWith('probe-'));
  expect(found).toMatchObject([
    { id: 'probe-tls', fix: `export OTEL_EXPORTER_OTLP_ENDPOINT=${server.replace('http', 'https')}` },
  ]);
  const right = { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: server.replace('http', 'https') };
  expect(await probeIds(right)).toEqual([]);
});

test('headers that cannot be sent are not sent', async () => {
  const { http } = await collector();
  const env = { ...onlyLogs, OTEL_EXPORTER_OTLP_ENDPOINT: http, OTEL_EXPORTER_OTLP_HEADERS: 'a=日本' };
  expect(await probeIds(env)).toContain('probe-not-sent');
});

test('a connection that breaks off in an answer', async () => {
  const endpoint = await listen(
    createTcp((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nxx'));
      socket.on('error', () => {});
    }),
  );
  expect(await probeIds({ ...onlyLogs, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })).toEqual(['probe-connection']);
});

test('the usual port beside is looked at', async () => {
  const { grpc } = await collector();
  const http = await closedPort();
  const doorPorts = [new URL(grpc).port, new URL(http).port] as const;
  const env = { ...onlyLogs, OTEL_EXPORTER_OTLP_ENDPOINT: http };
  const { findings } = await probed(env, { options: { doorPorts } });
  expect(findings.find(({ id }) => id === 'probe-other-port')?.fix).toBe(
    `export OTEL_EXPORTER_OTLP_ENDPOINT=${grpc}\nexport OTEL_EXPORTER_OTLP_PROTOCOL=grpc`,
  );
  expect(await probeIds(env)).toEqual(['probe-nothing-listens']);
});

test('the canary is looked for in the files of the pipeline, and missed where another one runs', async () => {
  const { http } = await collector();
  const config = `import { definePipelines, fileExporter, otlpReceiver } from 'otelier';
export default definePipelines({
  logs: { l: { receivers: [otlpReceiver()], exporters: [fileExporter({ dir: './out' })] } },
});`;
  const { files, findings } = await probed(
    { ...onlyLogs, OTEL_EXPORTER_OTLP_ENDPOINT: http },
    { files: { 'pipeline.config.ts': config } },
  );
  expect(files).toEqual([{ signal: 'logs', file: './out/logs.jsonl', found: false }]);
  expect(findings.map(({ id }) => id)).toContain('probe-not-in-file');
});

test('every finding of the probe has its test', () => {
  const here = readFileSync(fileURLToPath(import.meta.url), 'utf8');
  expect(findingIds.filter((id) => id.startsWith('probe-') && !here.includes(`'${id}'`))).toEqual([]);
});
