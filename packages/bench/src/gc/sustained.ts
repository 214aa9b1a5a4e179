import { PerformanceObserver } from 'node:perf_hooks';
import { LogsBatch } from '@otelier/otlp';
import { logsRequest, logsShapes } from '../corpus/logs.js';
import * as pbjs from '../references/protobufjs.js';

const [variant, forMs] = process.argv.slice(2) as [string, string];
const request = logsRequest(logsShapes.logs100);
const kept: (Uint8Array | undefined)[] = new Array(256).fill(undefined);
let collectedMs = 0;
let longestPauseMs = 0;
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) {
    collectedMs += duration;
    longestPauseMs = Math.max(longestPauseMs, duration);
  }
}).observe({ entryTypes: ['gc'] });

function redactViews(): Uint8Array {
  const batch = new LogsBatch(request);
  for (const record of batch.records())
    if (record.attributes.is('event.name', 'user_prompt')) record.attributes.set('prompt', '<REDACTED>');
  return batch.bytes();
}

function redactPlain(): Uint8Array {
  const logs = pbjs.decodeLogs(request);
  for (const resource of logs.resourceLogs)
    for (const scope of resource.scopeLogs)
      for (const { attributes } of scope.logRecords)
        if (attributes.some(({ key, value }) => key === 'event.name' && value.stringValue === 'user_prompt'))
          for (const { key, value } of attributes) if (key === 'prompt') value.stringValue = '<REDACTED>';
  return pbjs.reencodeLogs(logs);
}

const work = variant === 'views' ? redactViews : redactPlain;
for (let i = 0; i < 500; i++) work();
await new Promise((resolve) => setImmediate(resolve));
collectedMs = longestPauseMs = 0;
const start = performance.now();
let batches = 0;
while (performance.now() - start < Number(forMs)) {
  // A turn of the event loop now and then, so that the observer hears of the collections.
  for (let i = 0; i < 100; i++) kept[batches++ & 255] = work();
  await new Promise((resolve) => setImmediate(resolve));
}
const seconds = (performance.now() - start) / 1000;
process.send?.({
  msPerMillionRecords: collectedMs / (batches / 10_000),
  longestPauseMs,
  recordsPerSecond: (batches * 100) / seconds,
  rssMiB: process.memoryUsage.rss() / 1024 ** 2,
});
process.disconnect?.();
