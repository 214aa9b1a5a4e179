import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { examinePatient } from '../../../test/doctor.js';
import { reportData } from './report/report-data.js';
import { text } from './report/text.js';
import { Secrets } from './secrets.js';

const secret = 'S3CR3T';
let close: () => Promise<unknown> = () => Promise.resolve();
afterEach(() => close());

/** A backend that repeats in its answer what it got in its headers. */
async function gossip(): Promise<string> {
  const server = createServer((request, response) => {
    const said = JSON.stringify({
      code: 3,
      message: `I do not like ${JSON.stringify(request.headers)} on ${request.url}`,
    });
    request.resume().on('end', () => response.writeHead(400, { 'content-type': 'application/json' }).end(said));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  close = () => new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('no value of a header is ever printed, wherever it stands and whatever is wrong with it', async () => {
  const host = await gossip();
  const bad = [
    `Authorization=Bearer ${secret}-list-1,x-api-key=${secret}-list-2`,
    `Authorization: Bearer ${secret}-colon`,
    `${secret}-no-equals`,
    `a b=${secret}-name`,
    `x="${secret}-quotes"`,
    `x=${secret}%20encoded%20`,
    `x=“${secret}-typographic”`,
  ];
  for (const [i, value] of bad.entries()) {
    for (const protocol of ['http/protobuf', 'http/json', 'grpc']) {
      const diagnosis = await examinePatient({
        env: {
          OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
          OTEL_EXPORTER_OTLP_ENDPOINT: `http://user:${secret}-user@${host}/?token=${secret}-query`,
          OTEL_EXPORTER_OTLP_HEADERS: value,
          OTEL_EXPORTER_OTLP_LOGS_HEADERS: bad[(i + 1) % bad.length],
          OTEL_EXPORTER_OTLP_HEADER: `${secret}-misspelt`,
        },
        shell: `
OTEL_EXPORTER_OTLP_METRICS_HEADERS=Authorization=Bearer ${secret}-cut claude
export OTEL_EXPORTER_OTLP_TRACES_HEADERS=Authorization=Bearer ${secret}-cut2
OTEL_EXPORTER_OTLP_TRACES_HEADERS=${secret} ${secret}-other make
export OTEL_EXPORTER_OTLP_TRACES_HEADERS='${secret}-unterminated
`,
        files: {
          'home/.claude/settings.json': `{"env": {"OTEL_EXPORTER_OTLP_HEADERS": "x=${secret}-json" oops`,
          '.claude/settings.json': JSON.stringify({
            OTEL_EXPORTER_OTLP_HEADERS: `x=${secret}-outside`,
            env: { OTEL_EXPORTER_OTLP_TRACES_HEADERS: { x: `${secret}-object` } },
            otelHeadersHelper: './helper.sh',
          }),
          'helper.sh': `#!/bin/sh
echo '${secret}-stderr' >&2
echo '{"Authorization": "Bearer ${secret}-helper", "${secret} bad name": 1}'
exit ${i % 3 === 0 ? 1 : 0}
`,
        },
        options: { probe: true, runHelper: true },
      });
      const report = reportData(diagnosis);
      for (const output of [JSON.stringify(report), text(report, true), text(report, false)])
        expect(output).not.toContain(secret);
      expect(report.findings.length).toBeGreaterThan(10);
    }
  }
}, 60_000);

test("a helper's headers are sent, and hidden in what a server says of them", async () => {
  const host = await gossip();
  const diagnosis = await examinePatient({
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://${host}` },
    files: {
      '.claude/settings.json': '{"otelHeadersHelper": "./helper.sh"}',
      'helper.sh': `#!/bin/sh\necho '{"Authorization": "Bearer ${secret}-helper"}'\n`,
    },
    options: { probe: true, runHelper: true },
  });
  const output = text(reportData(diagnosis), false);
  expect(output).toContain('authorization');
  expect(output).not.toContain(secret);
});

test('hides values as they stand, decoded, and behind a scheme; and no control character passes', () => {
  const secrets = new Secrets();
  secrets.add('Bearer%20abcdefgh');
  expect(secrets.hide('got abcdefgh, Bearer%20abcdefgh, Bearer abcdefgh\u001b[31m')).toBe('got …, …, … [31m');
  expect(secrets.hide('x'.repeat(1000))).toHaveLength(160);
});
