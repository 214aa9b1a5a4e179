import { canaries, capture, memoryExporter } from '@otelier/testing';
import { expect, test } from 'vitest';
import { startTelemetry } from './service.js';

test('a recorded session with prompts comes in over HTTP and leaves without them', async () => {
  const exporter = memoryExporter();
  await using collector = await startTelemetry('127.0.0.1:0', exporter);
  const [door] = Object.values(collector.endpoints()).flat();
  const { requests } = capture('2.1.330', 'plain-prompts');
  for (const { signal, bytes } of requests) {
    const headers = { 'content-type': 'application/x-protobuf' };
    const answer = await fetch(`${door}/v1/${signal}`, { method: 'POST', headers, body: new Uint8Array(bytes) });
    expect(answer.status).toBe(200);
  }
  const report = await collector.shutdown();
  expect(report.clean).toBe(true);
  const received = [...exporter.received.logs, ...exporter.received.metrics];
  expect(received.map(({ count }) => count)).toEqual(requests.map((request) => request.batch().count));
  expect(requests.flatMap(({ bytes }) => canaries(bytes))).not.toEqual([]);
  expect(received.flatMap((batch) => canaries(batch.bytes()))).toEqual([]);
});
