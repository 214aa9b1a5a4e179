import { buildMetrics, type MetricsBatch } from '@otelier/otlp';
import { memoryStore } from '@otelier/testing';
import { expect, test } from 'vitest';
import { ManualClock, silent, turn } from '../../fakes/ends.js';
import { type Admission, createCollector, exporter, PipelineError, receiver, StateMap, stage } from '../../index.js';

const batch = (value: number): MetricsBatch =>
  buildMetrics([{ metrics: [{ name: 'n', gauge: { points: [{ value, timeUnixNano: BigInt(value) }] } }] }]);
const stateful = stage(
  'counts',
  { metrics: (next) => ({ state: new StateMap<number>(), consume: next }) },
  { stateful: true },
);

test.each([
  ['in memory', undefined],
  ['in a store', memoryStore()],
])(
  'what an outbox %s keeps after its sender was told counts against the byte budget until it is delivered',
  async (_, store) => {
    let admission: Admission | undefined;
    const door = receiver('door', ['metrics'], async (_out, host) => {
      admission = host.admission;
      return { async stop() {}, async close() {} };
    });
    let open = false;
    const end = exporter('end', {
      metrics: async () => {
        if (!open) throw new PipelineError('unavailable', 'closed');
      },
    });
    const clock = new ManualClock();
    const config = { metrics: { usage: { receivers: [door], processors: [stateful], exporters: [end] } } };
    const collector = createCollector(config, { logger: silent, clock, ...(store ? { store } : {}) });
    await collector.start();
    const send = (value: number) => collector.input('metrics')(batch(value), collector.flow());
    await expect(send(1)).rejects.toThrow('closed');
    await expect(send(2)).rejects.toThrow('closed');
    expect(admission?.inFlightBytes).toBe(batch(1).size + batch(2).size);
    open = true;
    clock.advance(60_000);
    for (let i = 0; i < 20; i++) await turn();
    expect(admission?.inFlightBytes).toBe(0);
    await send(3);
    expect(admission?.inFlightBytes).toBe(0);
    await collector.shutdown();
  },
);
