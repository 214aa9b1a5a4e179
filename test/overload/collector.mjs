import { existsSync, readFileSync } from 'node:fs';
import {
  createCollector,
  definePipelines,
  otlpExporter,
  otlpReceiver,
  redactPrompts,
  stage,
  validateResource,
} from 'otelier';

// The collector under load. JavaScript, since what loads TypeScript would need more memory than the collector.
const { sink, door, inFlight, memory } = JSON.parse(process.argv[2]);
/** @type {import('otelier').Admission} */
let admission;
const look = stage('look', {
  logs: (next, host) => {
    admission = host.admission;
    return { consume: next };
  },
});
const collector = createCollector(
  definePipelines({
    limits: { inFlight, memory },
    telemetry: { logLevel: 'warn' },
    logs: {
      load: {
        receivers: [otlpReceiver({ http: false, grpc: false, [door]: '127.0.0.1:0' })],
        processors: [validateResource(), redactPrompts(), look],
        // Nothing says yes early: what is answered with 200 has arrived.
        exporters: [otlpExporter({ endpoint: `http://127.0.0.1:${sink}`, compression: 'none' })],
      },
    },
  }),
);
await collector.start();

let cpu = process.cpuUsage();
let peakInFlightBytes = 0;
setInterval(() => {
  peakInFlightBytes = Math.max(peakInFlightBytes, admission.inFlightBytes);
}, 20).unref();
/** @type {import('otelier').Lease | undefined} */
let filling;

// Asked with `full`, it uses up its byte budget from then on, or no longer; it answers what it used since it was asked last.
process.on('message', ({ full }) => {
  if (full === true) filling ??= admission.hold(admission.limitBytes);
  else if (full === false) {
    filling?.release();
    filling = undefined;
  }
  const { user, system } = process.cpuUsage(cpu);
  cpu = process.cpuUsage();
  process.send({ cpuUs: user + system, peakRssBytes: peakRssBytes(), peakInFlightBytes });
});
// As the kernel knows it: no moment between two looks is missed. What `getrusage` says includes what the process was before it became Node,
// a copy of its parent with all that one's memory.
function peakRssBytes() {
  if (!existsSync('/proc/self/status')) return process.resourceUsage().maxRSS * 1024;
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'latin1'))[1]) * 1024;
}
process.on('disconnect', () => process.exit());
const [endpoint] = Object.values(collector.endpoints()).flat();
process.send({ port: Number(new URL(endpoint).port) });
