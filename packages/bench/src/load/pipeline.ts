import { type Bytes, createCollector, definePipelines } from '@otelier/core';
import { otlpExporter } from '@otelier/exporters';
import { redactPrompts, validateResource } from '@otelier/processors';
import { otlpReceiver } from '@otelier/receivers';
import { serve } from './server-process.js';

// What is measured: a receiver, the processors of the reference pipeline for logs, an OTLP/HTTP exporter. Nothing says yes early.
const [protocol, sink, inFlight] = process.argv.slice(2) as [string, string, Bytes | undefined];
const receiver = otlpReceiver(
  protocol === 'grpc' ? { grpc: '127.0.0.1:0', http: false } : { http: '127.0.0.1:0', grpc: false },
);
const collector = createCollector(
  definePipelines({
    limits: inFlight === undefined ? {} : { inFlight },
    logs: {
      load: {
        receivers: [receiver],
        processors: [validateResource(), redactPrompts()],
        exporters: [otlpExporter({ endpoint: sink, compression: 'none' })],
      },
    },
  }),
);
await collector.start();
const [endpoint] = Object.values(collector.endpoints()).flat();
serve(Number(/:(\d+)\/?$/.exec(endpoint as string)?.[1]), () => 0);
