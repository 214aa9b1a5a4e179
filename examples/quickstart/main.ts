import { startTelemetry } from './service.js';

// A collector sets no signal handlers of its own: the program around it decides when to stop.
const collector = await startTelemetry();
console.log('OTLP in on', Object.values(collector.endpoints()).flat().join(', '));
process.once('SIGINT', async () => {
  const { clean, delivered } = await collector.shutdown();
  console.log(`${delivered} items delivered${clean ? ', nothing lost' : ''}`);
});
