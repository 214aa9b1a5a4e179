import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Outcome, ProcessCase } from '../measure/case.js';
import { ServerProcess } from './server-process.js';

const sizes = [
  { name: 'small', records: 5, rate: 1000 },
  { name: 'large', records: 500, rate: 40 },
];
const protocols = ['http/protobuf', 'http/json', 'grpc'];

interface Generated {
  readonly requests: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
}

/** Generator → receiver, processors, exporter → backend, three processes, at a fixed rate that two cores can carry. */
export const pipelineLoad: ProcessCase = {
  name: 'pipeline under load',
  async measure({ quick, progress }) {
    const seconds = quick ? 1 : 6;
    const rows: Record<string, string | number>[] = [];
    const targets: Outcome[] = [];
    for (const protocol of protocols) {
      for (const { name, records, rate } of sizes) {
        progress(`${protocol}, ${name}`);
        const sink = await ServerProcess.start('sink');
        const pipeline = await ServerProcess.start('pipeline', [protocol, `http://127.0.0.1:${sink.port}`]);
        const script = fileURLToPath(new URL('./generator.js', import.meta.url));
        const generator = fork(
          script,
          [protocol, String(pipeline.port), String(records), String(rate), String(seconds)],
          { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
        );
        try {
          await once(generator, 'message');
          await Promise.all([pipeline.usage(), sink.usage()]);
          generator.send('go');
          const [generated] = (await once(generator, 'message')) as [Generated];
          const [used, delivered] = await Promise.all([pipeline.usage(), sink.usage()]);
          const sent = generated.requests * records;
          rows.push({
            protocol,
            requests: `${name} (${records})`,
            'records/s': Math.round(sent / generated.seconds),
            'CPU s per million records': used.cpuUs / sent,
            'p50 ms': generated.p50,
            'p99 ms': generated.p99,
            'RSS MiB': Math.round(used.rssMiB),
          });
          targets.push({
            name: `${protocol}, ${name}: records delivered of those sent`,
            measured: delivered.count / sent,
            target: 1,
            met: delivered.count === sent,
          });
        } finally {
          generator.kill();
          pipeline.end();
          sink.end();
        }
      }
    }
    return { rows, targets };
  },
};
