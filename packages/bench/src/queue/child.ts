// A collector with a queue between its OTLP/HTTP door and its OTLP/HTTP exporter: child.js <sink> <directory, or nothing for memory>
import { createCollector } from '@otelier/core';
import { otlpExporter, queue } from '@otelier/exporters';
import { otlpReceiver } from '@otelier/receivers';

const [endpoint, dir] = process.argv.slice(2) as [string, string | undefined];
const logger = { debug() {}, info() {}, warn() {}, error: (fields: object) => console.error(fields) };
const receiver = otlpReceiver({ http: '127.0.0.1:0', grpc: false });
const exporters = [queue(otlpExporter({ endpoint, compression: 'none' }), { ...(dir && { dir }), maxBytes: '256MiB' })];
const collector = createCollector({ logs: { bench: { receivers: [receiver], exporters } } }, { logger });
await collector.start();
process.send?.(Object.values(collector.endpoints()).flat()[0]);
