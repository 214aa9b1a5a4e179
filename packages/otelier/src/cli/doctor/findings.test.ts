// biome-ignore-all lint/suspicious/noTemplateCurlyInString: shell text
import { expect, test } from 'vitest';
import { examinePatient, type Patient } from '../../../test/doctor.js';
import { type FindingId, findingIds } from './finding-ids.js';

const env = (variables: NonNullable<Patient['env']>): Patient => ({ env: variables });
const local = (settings: unknown): Patient => ({ files: { '.claude/settings.local.json': JSON.stringify(settings) } });
const resource = (OTEL_RESOURCE_ATTRIBUTES: string): Patient => ({ env: { OTEL_RESOURCE_ATTRIBUTES } });
const headers = (OTEL_EXPORTER_OTLP_HEADERS: string, more = {}): Patient => ({
  env: { OTEL_EXPORTER_OTLP_HEADERS, ...more },
});
const helper = (script: string): Patient => ({
  files: { 'headers.sh': `#!/bin/sh\n${script}\n`, '.claude/settings.json': '{"otelHeadersHelper": "./headers.sh"}' },
  options: { runHelper: true, helperTimeoutMs: 2000 },
});
const pipelines = (processors: string, more = ''): Patient => ({
  files: {
    'pipeline.config.ts': `
import { cumulativeToDelta, definePipelines, deltaToCumulative, filter, otlpExporter, otlpReceiver, processor, validateResource } from 'otelier';
const receivers = [otlpReceiver()];
const exporters = [otlpExporter({ endpoint: 'http://127.0.0.1:9/api/v1/otlp' })];
export default definePipelines({ logs: { l: { receivers, ${processors} exporters } }, ${more} });
`,
  },
});
const metrics = 'metrics: { m: { receivers, processors: [deltaToCumulative()], exporters } },';

/** For each finding: what provokes it, and something close by that does not. */
const cases: readonly (readonly [FindingId, Patient, Patient])[] = [
  ['telemetry-off', env({ CLAUDE_CODE_ENABLE_TELEMETRY: undefined }), env({ CLAUDE_CODE_ENABLE_TELEMETRY: 'true' })],
  ['telemetry-off', env({ CLAUDE_CODE_ENABLE_TELEMETRY: '0' }), { shell: 'export CLAUDE_CODE_ENABLE_TELEMETRY=$(x)' }],
  ['disable-telemetry', env({ DISABLE_TELEMETRY: '1' }), env({ DISABLE_TELEMETRY: '' })],
  ['exporter-missing', env({ OTEL_METRICS_EXPORTER: undefined }), env({ OTEL_METRICS_EXPORTER: 'prometheus' })],
  ['exporter-missing', env({ OTEL_LOGS_EXPORTER: 'none' }), env({ OTEL_LOGS_EXPORTER: 'console' })],
  ['exporter-unknown', env({ OTEL_METRICS_EXPORTER: 'otlpp' }), env({ OTEL_METRICS_EXPORTER: 'console, otlp' })],
  ['exporter-unknown', env({ OTEL_LOGS_EXPORTER: 'prometheus' }), env({ OTEL_METRICS_EXPORTER: 'prometheus' })],
  ['exporter-console', env({ OTEL_LOGS_EXPORTER: 'console' }), {}],
  ['exporter-prometheus', env({ OTEL_METRICS_EXPORTER: 'prometheus' }), env({ OTEL_LOGS_EXPORTER: 'prometheus' })],
  [
    'traces-off',
    env({ OTEL_TRACES_EXPORTER: 'otlp' }),
    env({ OTEL_TRACES_EXPORTER: 'otlp', CLAUDE_CODE_ENHANCED_TELEMETRY_BETA: '1' }),
  ],
  ['variable-misspelt', env({ OTEL_METRIC_EXPORTER: 'otlp' }), env({ OTEL_SOMETHING_ELSE: 'x' })],
  ['variable-misspelt', env({ OTEL_EXPORTER_OTLP_ENDPIONT: 'x' }), env({ OTEL_EXPORTER_OTLP_TIMEOUT: '10000' })],
  ['protocol-missing', env({ OTEL_EXPORTER_OTLP_PROTOCOL: undefined }), {}],
  [
    'protocol-missing',
    env({ OTEL_EXPORTER_OTLP_PROTOCOL: '' }),
    env({
      OTEL_EXPORTER_OTLP_PROTOCOL: '',
      OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'grpc',
    }),
  ],
  [
    'protocol-unknown',
    env({ OTEL_EXPORTER_OTLP_PROTOCOL: 'http' }),
    env({ OTEL_EXPORTER_OTLP_PROTOCOL: ' http/json ' }),
  ],
  ['protocol-port', env({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }), env({ OTEL_EXPORTER_OTLP_ENDPOINT: undefined })],
  [
    'protocol-port',
    env({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4317' }),
    env({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c' }),
  ],
  ['endpoint-no-scheme', env({ OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318' }), {}],
  [
    'endpoint-not-url',
    env({ OTEL_EXPORTER_OTLP_ENDPOINT: 'ftp://x' }),
    env({ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://x' }),
  ],
  ['endpoint-not-url', env({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x:99999' }), {}],
  [
    'endpoint-credentials',
    env({ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://u:p@x' }),
    env({ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://x/@' }),
  ],
  [
    'endpoint-grpc-path',
    env({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x:4317/v1/logs' }),
    env({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x:4317/' }),
  ],
  [
    'endpoint-no-path',
    env({ OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://x:4318' }),
    env({ OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://x:4318/v1/logs' }),
  ],
  [
    'endpoint-path-doubled',
    env({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x/v1/metrics' }),
    env({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x/otlp' }),
  ],
  [
    'endpoint-other-signal',
    env({ OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://x/v1/metrics' }),
    env({ OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://x/insert/v1/logs' }),
  ],
  ['endpoint-listen-address', env({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://0.0.0.0:4318' }), {}],
  [
    'tls-file',
    env({ OTEL_EXPORTER_OTLP_CERTIFICATE: '/no/such.pem' }),
    env({ OTEL_EXPORTER_OTLP_CERTIFICATE: '/etc/hosts' }),
  ],
  [
    'tls-pair',
    env({ OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY: '/etc/hosts' }),
    env({ OTEL_EXPORTER_OTLP_CLIENT_KEY: '/etc/hosts', OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: '/etc/hosts' }),
  ],
  [
    'tls-unused',
    env({ OTEL_EXPORTER_OTLP_CERTIFICATE: '/etc/hosts' }),
    env({ OTEL_EXPORTER_OTLP_CERTIFICATE: '/etc/hosts', OTEL_EXPORTER_OTLP_ENDPOINT: 'https://x' }),
  ],
  ['timeout', env({ OTEL_EXPORTER_OTLP_TIMEOUT: '10' }), env({ OTEL_EXPORTER_OTLP_TIMEOUT: '10000' })],
  ['timeout', env({ OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: '10s' }), {}],
  ['headers-colon', headers('Authorization: Bearer x'), headers('Authorization=Bearer x')],
  ['headers-no-equals', headers('a=b,rest'), headers('a=b,,c=d,')],
  ['headers-name', headers('a b=c'), headers('a-b=c=d')],
  ['headers-name', headers('=c'), headers('x-1=c')],
  ['headers-characters', headers('a=ü'), headers('a=u\tv')],
  ['headers-characters', headers('a=\u0001'), headers('a=b')],
  ['headers-quotes', headers('a="b"'), headers('a=b"')],
  ['headers-empty', headers('a='), headers('a=b')],
  ['headers-encoded', headers('a=b%20c'), headers('a=b%20c', { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })],
  ['headers-binary', headers('a-bin=b', { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }), headers('a-bin=b')],
  ['resource-lost', resource('a=My Company,b=c'), resource('a=My%20Company,b=c')],
  ['resource-changed', resource('a="b"'), resource('a=b')],
  ['resource-changed', resource('just,a=b'), resource('a=b,')],
  ['resource-differs', resource('a%20b=c'), resource('ab=c')],
  ['resource-reserved', resource('user.email=x'), resource('team.email=x')],
  [
    'temporality-unknown',
    env({ OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'sideways' }),
    env({ OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'LowMemory' }),
  ],
  [
    'temporality-backend',
    env({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x:9090/api/v1/otlp' }),
    env({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x:9090/api/v1/otlp',
      OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'cumulative',
    }),
  ],
  ['interval-short', env({ OTEL_METRIC_EXPORT_INTERVAL: '60' }), env({ OTEL_METRIC_EXPORT_INTERVAL: '1000' })],
  ['interval-long', env({ OTEL_LOGS_EXPORT_INTERVAL: '600000' }), env({ OTEL_LOGS_EXPORT_INTERVAL: '60000' })],
  ['interval-not-number', env({ OTEL_METRIC_EXPORT_INTERVAL: '5s' }), env({ OTEL_METRIC_EXPORT_INTERVAL: '5000' })],
  ['include-on', env({ OTEL_METRICS_INCLUDE_VERSION: 'true' }), env({ OTEL_METRICS_INCLUDE_VERSION: 'false' })],
  ['include-off', env({ OTEL_METRICS_INCLUDE_SESSION_ID: 'false' }), env({ OTEL_METRICS_INCLUDE_SESSION_ID: 'true' })],
  ['include-value', env({ OTEL_METRICS_INCLUDE_SESSION_ID: 'never' }), env({ OTEL_METRICS_INCLUDE_SESSION_ID: '0' })],
  ['series-per-session', {}, env({ OTEL_METRICS_INCLUDE_SESSION_ID: 'false' })],
  ['privacy-flag', env({ OTEL_LOG_RAW_API_BODIES: '1' }), env({ OTEL_LOG_RAW_API_BODIES: '0' })],
  ['privacy-always', {}, env({ OTEL_LOGS_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' })],
  [
    'privacy-traces',
    env({ OTEL_TRACES_EXPORTER: 'otlp', CLAUDE_CODE_ENHANCED_TELEMETRY_BETA: '1' }),
    env({ OTEL_TRACES_EXPORTER: 'otlp' }),
  ],
  [
    'limit-length',
    env({ OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT: '12' }),
    env({ OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '64' }),
  ],
  ['limit-count', env({ OTEL_ATTRIBUTE_COUNT_LIMIT: '8' }), env({ OTEL_ATTRIBUTE_COUNT_LIMIT: '128' })],
  ['variable-shadowed', local({ env: { OTEL_LOGS_EXPORTER: 'none' } }), local({ env: { OTEL_LOGS_EXPORTER: 'otlp' } })],
  ['typographic-quotes', { shell: 'export OTEL_SERVICE_NAME=“x”' }, { shell: 'export OTEL_SERVICE_NAME="x"' }],
  ['settings-expansion', local({ env: { OTEL_SERVICE_NAME: '$USER' } }), { shell: 'export OTEL_SERVICE_NAME=$HOME' }],
  ['settings-not-json', { files: { '.claude/settings.json': '{"env": {},}' } }, local({ env: {} })],
  ['settings-not-object', local([]), local({})],
  ['settings-env-shape', local({ env: [] }), local({ env: {} })],
  ['settings-env-not-text', local({ env: { OTEL_LOG_USER_PROMPTS: 1 } }), local({ env: { OTHER: 1 } })],
  [
    'settings-env-not-text',
    local({ env: { OTEL_LOG_USER_PROMPTS: {} } }),
    local({ env: { OTEL_LOG_USER_PROMPTS: '1' } }),
  ],
  ['settings-outside-env', local({ OTEL_LOGS_EXPORTER: 'otlp' }), local({ model: 'opus' })],
  ['settings-helper-in-env', local({ env: { otelHeadersHelper: './x' } }), local({ otelHeadersHelper: './x' })],
  ['settings-helper-shape', local({ otelHeadersHelper: ['x'] }), local({ otelHeadersHelper: 'x' })],
  [
    'helper-shadowed',
    {
      files: {
        '.claude/settings.json': '{"otelHeadersHelper":"a"}',
        '.claude/settings.local.json': '{"otelHeadersHelper":"b"}',
      },
    },
    { files: { '.claude/settings.json': '{"otelHeadersHelper":"a"}', '.claude/settings.local.json': '{}' } },
  ],
  ['helper-missing', local({ otelHeadersHelper: '/no/such/program --flag' }), local({ otelHeadersHelper: 'env -0' })],
  [
    'helper-not-executable',
    { files: { plain: '', '.claude/settings.json': '{"otelHeadersHelper":"./plain"}' } },
    local({ otelHeadersHelper: '/bin/sh -c true' }),
  ],
  [
    'helper-grpc',
    { ...local({ otelHeadersHelper: '/bin/sh' }), env: { OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: 'grpc' } },
    local({ otelHeadersHelper: '/bin/sh' }),
  ],
  [
    'helper-debounce',
    env({ CLAUDE_CODE_OTEL_HEADERS_HELPER_DEBOUNCE_MS: '1740' }),
    env({ CLAUDE_CODE_OTEL_HEADERS_HELPER_DEBOUNCE_MS: '900000' }),
  ],
  ['helper-debounce', env({ CLAUDE_CODE_OTEL_HEADERS_HELPER_DEBOUNCE_MS: '29m' }), {}],
  ['helper-debounce', env({ CLAUDE_CODE_OTEL_HEADERS_HELPER_DEBOUNCE_MS: '86400000' }), {}],
  ['helper-not-run', local({ otelHeadersHelper: '/bin/sh' }), helper(`echo '{"a":"b"}'`)],
  ['helper-works', helper(`echo '{"a":"b"}'`), helper(`echo '{"a":1}'`)],
  ['helper-empty', helper(`echo '{}'`), helper(`echo '{"a":""}'`)],
  ['helper-failed', helper('exit 3'), helper(`echo '{"a":"b"}'; exit 0`)],
  ['helper-failed', helper('kill -9 $$'), helper(`echo noise >&2; echo '{"a":"b"}'`)],
  ['helper-failed', helper('yes'), helper(`echo '{"a":"b"}'`)],
  ['helper-time-out', helper('sleep 60'), helper(`echo '{"a":"b"}'`)],
  ['helper-not-json', helper('echo a=b'), helper(`echo ' {"a":"b"} '`)],
  ['helper-not-object', helper(`echo '["a"]'`), helper(`echo '{"a":"b"}'`)],
  ['helper-header', helper(`echo '{"a b":"c"}'`), helper(`echo '{"A-b":"c d"}'`)],
  [
    'shell-unset-variable',
    { shell: 'export OTEL_SERVICE_NAME=a$NOWHERE' },
    { shell: 'X=\nexport OTEL_SERVICE_NAME=a$X${NOWHERE:-b}' },
  ],
  ['shell-unterminated', { shell: 'export OTEL_SERVICE_NAME="x' }, { shell: 'export OTEL_SERVICE_NAME="x"' }],
  ['shell-not-read', { shell: '. ./other' }, { shell: 'cat ./other' }],
  ['shell-spaces', { shell: 'export OTEL_SERVICE_NAME = x' }, { shell: 'export OTHER = x' }],
  [
    'shell-cut',
    { shell: 'export OTEL_RESOURCE_ATTRIBUTES=org.name=My Company' },
    { shell: 'export OTEL_RESOURCE_ATTRIBUTES="org.name=My Company"' },
  ],
  ['shell-other-command', { shell: 'OTEL_SERVICE_NAME=x make' }, { shell: 'OTEL_SERVICE_NAME=x claude' }],
  ['shell-not-exported', { shell: 'OTEL_SERVICE_NAME=x' }, { shell: 'OTEL_SERVICE_NAME=x\nexport OTEL_SERVICE_NAME' }],
  ['shell-unknown-value', { shell: 'export OTEL_SERVICE_NAME=$(hostname)' }, { shell: 'export OTHER=$(hostname)' }],
  [
    'shell-conditional',
    { shell: 'if x; then export OTEL_SERVICE_NAME=x; fi' },
    { shell: 'if x; then y; fi; export OTEL_SERVICE_NAME=x' },
  ],
  ['pipeline-file', { files: { 'pipeline.config.ts': 'export default 1;' } }, pipelines('')],
  ['pipeline-missing', pipelines(''), pipelines('', metrics)],
  [
    'pipeline-refuses',
    pipelines("processors: [validateResource({ required: ['team.id'], onMissing: 'refuse' })],"),
    {
      ...pipelines("processors: [validateResource({ required: ['team.id'], onMissing: 'refuse' })],"),
      ...resource('team.id=a'),
    },
  ],
  ['pipeline-drops', pipelines("processors: [processor('none', { logRecord: () => false })],"), pipelines('')],
  [
    'temporality-exporter',
    pipelines('', metrics.replace('deltaTo', 'cumulativeTo').replace('Cumulative()', 'Delta()')),
    pipelines('', metrics),
  ],
];

const ids = async (patient: Patient): Promise<readonly FindingId[]> =>
  (await examinePatient(patient)).findings.map(({ id }) => id);

test.each(cases)('%s is found, and only where it is', async (id, provoking, sound) => {
  expect(await ids(provoking)).toContain(id);
  expect(await ids(sound)).not.toContain(id);
});

test('every finding has its case, here or among those of the probe', () => {
  const covered = new Set<string>(cases.map(([id]) => id));
  const missing = findingIds.filter((id) => !covered.has(id) && !id.startsWith('probe-'));
  expect(missing).toEqual([]);
});

test('a sound configuration has no error and no warning', async () => {
  const { findings } = await examinePatient({});
  expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
});

test('every finding says what to do, or is for information', async () => {
  for (const [, provoking] of cases) {
    const { findings } = await examinePatient(provoking);
    const mute = findings.filter(({ severity, fix }) => severity !== 'info' && fix === undefined);
    expect(mute.map(({ id }) => id).filter((id) => id !== 'helper-empty')).toEqual([]);
  }
}, 120_000);
