import { createCollector, definePipelines, exporter } from '@otelier/core';
import { request } from 'undici';
import { expect, test } from 'vitest';
import { recorded } from '../../test/harness.js';
import { otlpReceiver } from './otlp.js';

test('inside a collector: one receiver feeds pipelines of two signals, a third is not served, all is acknowledged', async () => {
  const sizes: number[] = [];
  const sink = exporter('sink', {
    logs: async (batch) => void sizes.push(batch.size),
    metrics: async (batch) => void sizes.push(batch.size),
  });
  const receivers = [otlpReceiver({ grpc: '127.0.0.1:0', http: '127.0.0.1:0' })];
  const collector = createCollector(
    definePipelines({
      logs: { events: { receivers, exporters: [sink] } },
      metrics: { usage: { receivers, exporters: [sink] } },
      telemetry: { logLevel: 'silent' },
    }),
  );
  await collector.start();
  const endpoints = Object.values(collector.endpoints()).flat();
  expect(endpoints.map((endpoint) => endpoint.replace(/\d+$/, ''))).toEqual(['grpc://127.0.0.1:', 'http://127.0.0.1:']);
  const sent: number[] = [];
  for (const { signal, bytes, encoding } of recorded().filter(({ name }) => /2\.1\.330.(plain|traces)/.test(name))) {
    if (encoding === 'json') continue;
    const answer = await request(`${endpoints[1]}/v1/${signal}`, {
      method: 'POST',
      body: bytes,
      headers: { 'content-type': 'application/x-protobuf' },
    });
    await answer.body.dump();
    expect(answer.statusCode).toBe(signal === 'traces' ? 404 : 200);
    if (signal !== 'traces') sent.push(bytes.length);
  }
  expect(sizes).toEqual(sent);
  await collector.shutdown();
  await expect(request(`${endpoints[1]}/v1/logs`, { method: 'POST' })).rejects.toThrow();
});
