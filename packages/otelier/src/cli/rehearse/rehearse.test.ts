import { claudeCode, memoryReceiver } from '@otelier/testing';
import { expect, test } from 'vitest';
import {
  aggregate,
  batch,
  connector,
  cumulativeToDelta,
  definePipelines,
  fileExporter,
  key,
  LogsBatch,
  otlpExporter,
  otlpReceiver,
  processor,
  quarantine,
  queue,
  retry,
  validateResource,
} from '../../index.js';
import { type Rehearsal, rehearse } from './rehearse.js';

const promptKey = key('prompt');
const hide = () => processor('hide', { logRecord: (record) => void record.attributes.set(promptKey, 'hidden') });
// Nothing listens on port 9: were it used, the rehearsal would fail.
const nowhere = () => queue(retry(otlpExporter({ endpoint: 'http://127.0.0.1:9' })));

const prompts = (rehearsal: Rehearsal, exit: number) =>
  rehearsal.exits[exit]!.received.flatMap((each) =>
    each instanceof LogsBatch ? [...each.records()].map((record) => record.attributes.get('prompt')) : [],
  );

test('what leaves each exporter is told, and nothing outside is touched', async () => {
  const shared = nowhere();
  const doors = otlpReceiver({ grpc: '127.0.0.1:1', http: '127.0.0.1:1' });
  const config = definePipelines({
    dataDir: '/dev/null/no-such-folder',
    logs: {
      hidden: { receivers: [doors], processors: [hide()], exporters: [shared, fileExporter({ dir: '/dev/null/x' })] },
      open: { receivers: [doors], exporters: [shared] },
    },
  });
  const rehearsal = await rehearse(config);
  expect(rehearsal.entrances.map(({ receiver, pipelines }) => [receiver, pipelines])).toEqual([
    [doors, ['logs.hidden', 'logs.open']],
  ]);
  const answer = await rehearsal.send(rehearsal.entrances[0]!, claudeCode.userPrompt({ prompt: 'mine' }));
  await rehearsal.end();
  expect(answer.refused).toBe(0);
  expect(rehearsal.exits.map(({ exporter, paths }) => [exporter.name, paths])).toEqual([
    ['queue', ['logs.hidden.exporters[0]', 'logs.open.exporters[0]']],
    ['file', ['logs.hidden.exporters[1]']],
  ]);
  expect(prompts(rehearsal, 0).sort()).toEqual(['hidden', 'mine']);
  expect(prompts(rehearsal, 1)).toEqual(['hidden']);
});

test('two receivers are two entrances', async () => {
  const [one, other] = [memoryReceiver(), memoryReceiver()];
  const rehearsal = await rehearse(
    definePipelines({
      logs: {
        one: { receivers: [one], exporters: [nowhere()] },
        other: { receivers: [other], exporters: [nowhere()] },
      },
    }),
  );
  await rehearsal.send(rehearsal.entrances[1]!, claudeCode.userPrompt());
  await rehearsal.end();
  expect(rehearsal.exits.map(({ received }) => received.length)).toEqual([0, 1]);
});

test('what a processor quarantines leaves by an exit of its own, to memory', async () => {
  const bad = fileExporter({ dir: '/dev/null/x' });
  const rehearsal = await rehearse(
    definePipelines({
      logs: {
        l: {
          receivers: [memoryReceiver()],
          processors: [validateResource({ required: ['team.id'], onMissing: quarantine(bad) })],
          exporters: [nowhere()],
        },
      },
    }),
  );
  await rehearsal.send(rehearsal.entrances[0]!, claudeCode.userPrompt({ prompt: 'mine' }));
  await rehearsal.end();
  expect(rehearsal.exits.map(({ exporter, paths }) => [exporter.name, paths])).toEqual([
    ['file', ['logs.l.processors[0]']],
    ['queue', ['logs.l.exporters[0]']],
  ]);
  expect([prompts(rehearsal, 0), prompts(rehearsal, 1)]).toEqual([['mine'], []]);
});

test('connectors stay connected', async () => {
  const loop = connector('copy', 'logs', 'logs', (out) => ({ consume: (each, flow) => out(each, flow) }));
  const rehearsal = await rehearse(
    definePipelines({
      logs: {
        first: { receivers: [memoryReceiver()], exporters: [loop.input] },
        second: { receivers: [loop.output], processors: [hide()], exporters: [nowhere()] },
      },
    }),
  );
  expect(rehearsal.entrances).toHaveLength(1);
  await rehearsal.send(rehearsal.entrances[0]!, claudeCode.userPrompt({ prompt: 'mine' }));
  await rehearsal.end();
  expect(prompts(rehearsal, 0)).toEqual(['hidden']);
});

test('processors that wait for minutes do not make anyone wait', async () => {
  const rehearsal = await rehearse(
    definePipelines({
      logs: { l: { receivers: [memoryReceiver()], processors: [batch({ timeout: '60s' })], exporters: [nowhere()] } },
      metrics: {
        m: {
          receivers: [memoryReceiver()],
          processors: [cumulativeToDelta(), aggregate({ interval: '10m' })],
          exporters: [nowhere()],
        },
      },
    }),
  );
  await rehearsal.send(rehearsal.entrances[0]!, claudeCode.userPrompt());
  await rehearsal.send(rehearsal.entrances[1]!, claudeCode.tokenUsage({ input: 5 }));
  await rehearsal.end();
  expect(rehearsal.exits.map(({ received }) => received.length)).toEqual([1, 1]);
});

test('a signal that no pipeline takes is refused', async () => {
  const rehearsal = await rehearse(
    definePipelines({ logs: { l: { receivers: [memoryReceiver()], exporters: [nowhere()] } } }),
  );
  await expect(rehearsal.send(rehearsal.entrances[0]!, claudeCode.tokenUsage())).rejects.toMatchObject({
    code: 'unsupported',
  });
  await rehearsal.end();
});

test('a processor that never ends does not hold up the rehearsal for ever', async () => {
  const never = processor('never', { logs: () => new Promise<never>(() => {}) });
  const rehearsal = await rehearse(
    definePipelines({ logs: { l: { receivers: [memoryReceiver()], processors: [never], exporters: [nowhere()] } } }),
  );
  await expect(rehearsal.send(rehearsal.entrances[0]!, claudeCode.userPrompt())).rejects.toMatchObject({
    code: 'deadline',
  });
  await rehearsal.end();
}, 60_000);
