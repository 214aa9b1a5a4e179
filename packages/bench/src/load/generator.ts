import { LogsBatch } from '@otelier/otlp';
import { type LogsShape, logsRequest } from '../corpus/logs.js';
import { grpcSender } from './send-grpc.js';
import { httpSender } from './send-http.js';

/** Sends one request; resolves when it was answered with success. */
export type Send = () => Promise<void>;

// An open loop: requests leave on a schedule whether or not earlier ones were answered, so that waiting shows as latency.
const [protocol, port, records, rate, seconds] = process.argv.slice(2) as [string, string, string, string, string];
const shape: LogsShape = { records: Number(records), resources: 1, prompts: [2] };
const request = logsRequest(shape);
const body = protocol === 'http/json' ? Buffer.from(LogsBatch.parse(request).toJson()) : request;
const sender = protocol === 'grpc' ? await grpcSender(Number(port), body) : httpSender(Number(port), body, protocol);

async function run(forSeconds: number): Promise<number[]> {
  const latencies: number[] = [];
  const pending = new Set<Promise<void>>();
  const start = performance.now();
  const total = Math.floor(Number(rate) * forSeconds);
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - start) / 1000) * Number(rate)));
    for (; sent < due; sent++) {
      const scheduled = start + (sent / Number(rate)) * 1000;
      const done = sender.send().then(() => {
        latencies.push(performance.now() - scheduled);
        pending.delete(done);
      });
      pending.add(done);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(pending);
  return latencies;
}

await run(Math.min(2, Number(seconds)));
process.send?.('warm');
process.once('message', async () => {
  const start = performance.now();
  const latencies = (await run(Number(seconds))).toSorted((a, b) => a - b);
  const at = (q: number): number => latencies[Math.floor((latencies.length - 1) * q)] as number;
  process.send?.({
    requests: latencies.length,
    seconds: (performance.now() - start) / 1000,
    p50: at(0.5),
    p99: at(0.99),
  });
  await sender.close();
  process.disconnect?.();
});
