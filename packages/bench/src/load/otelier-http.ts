import { createCollector, definePipelines, exporter, processor } from '@otelier/core';
import { redactPrompts, validateResource } from '@otelier/processors';
import { otlpReceiver } from '@otelier/receivers';
import { serve } from './server-process.js';

// The receiver with all of its checks and one processor, as in the micro case `redact`; or with the real processors.
const [which] = process.argv.slice(2);
let requests = 0;
const redact = processor('redact', {
  logRecord(record) {
    if (record.attributes.is('event.name', 'user_prompt')) record.attributes.set('prompt', '<REDACTED>');
  },
});
const end = exporter('end', {
  logs: async (batch) => {
    batch.bytes();
    requests++;
  },
});
const collector = createCollector(
  definePipelines({
    logs: {
      bench: {
        receivers: [otlpReceiver({ http: '127.0.0.1:0', grpc: false })],
        processors: which === 'reference' ? [validateResource(), redactPrompts()] : [redact],
        exporters: [end],
      },
    },
  }),
);
await collector.start();
const [endpoint] = Object.values(collector.endpoints()).flat();
serve(Number(new URL(endpoint as string).port), () => requests);
