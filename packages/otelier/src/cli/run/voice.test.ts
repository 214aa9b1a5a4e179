import { type Collector, createCollector, definePipelines, exporter, receiver } from '@otelier/core';
import { expect, test } from 'vitest';
import { humanVoice } from './voice.js';

async function banner(...endpoints: string[]): Promise<string> {
  const doors = receiver('doors', ['logs'], async () => ({ endpoints, stop: async () => {}, close: async () => {} }));
  const sink = exporter('sink', { logs: async () => {} });
  const config = definePipelines({
    logs: { events: { receivers: [doors], exporters: [sink] } },
    telemetry: { logLevel: 'silent' },
  });
  await using collector: Collector = createCollector(config);
  await collector.start();
  let said = '';
  humanVoice((text) => {
    said += text;
  }).ready('/x/pipeline.config.ts', collector, 250);
  return said;
}

test('the next step names the doors that there are', async () => {
  expect(await banner('grpc://127.0.0.1:4317', 'http://127.0.0.1:4318')).toContain(
    'eval "$(npx otelier env)" && claude',
  );
  expect(await banner('http://127.0.0.1:9000')).toContain('eval "$(npx otelier env --endpoint http://127.0.0.1:9000)"');
  const grpcOnly = await banner('grpc://127.0.0.1:9001');
  expect(grpcOnly).toContain('eval "$(npx otelier env --protocol grpc --endpoint http://127.0.0.1:9001)"');
  expect(grpcOnly).not.toContain('demo');
  expect(await banner('./in.jsonl')).not.toContain('Next');
});

test('the outcome says in words what was lost', () => {
  const said: string[] = [];
  const report = {
    delivered: 5,
    dropped: 1,
    refused: 0,
    abandoned: 2,
    lost: 3,
    kept: 0,
    errors: ['queue: disk full'],
    clean: false,
  };
  humanVoice((text) => said.push(text)).stopped(report);
  expect(said.join('')).toContain('not everything was delivered');
  expect(said.join('')).toContain('3 LOST after they had been acknowledged');
  expect(said.join('')).toContain('queue: disk full');
});
