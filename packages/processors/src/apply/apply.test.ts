import { buildLogs, buildMetrics, buildTraces } from '@otelier/otlp';
import { expect, test } from 'vitest';
import { apply } from './apply.js';

const ids = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

const resource = (name: string) => ({ resource: { attributes: { 'service.name': name } } });

test('runs hooks on every item, after those on its resource', () => {
  const seen: unknown[] = [];
  const hooks = {
    resource: ({ attributes }: { attributes: { get(name: string): unknown } }) =>
      void seen.push(attributes.get('service.name')),
    logRecord: ({ eventName }: { eventName: string }) => void seen.push(eventName),
  };
  apply(
    buildLogs([
      { ...resource('a'), records: [{ eventName: '1' }, { eventName: '2' }] },
      { ...resource('b'), records: [{ eventName: '3' }] },
    ]),
    hooks,
  );
  expect(seen).toEqual(['a', '1', '2', 'b', '3']);
});

test('removes items and resources for which a hook answers false', () => {
  const logs = () =>
    buildLogs([
      { ...resource('a'), records: [{}, {}] },
      { ...resource('b'), records: [{}] },
    ]);
  const metrics = () =>
    buildMetrics([{ ...resource('a'), metrics: [{ name: 'm', gauge: { points: [{ value: 1 }, { value: 2 }] } }] }]);
  const traces = () =>
    buildTraces([
      {
        ...resource('a'),
        spans: [
          { ...ids, name: 's' },
          { ...ids, name: 't' },
        ],
      },
    ]);
  const notA = {
    resource: ({ attributes }: { attributes: { is(name: string, text: string): boolean } }) =>
      !attributes.is('service.name', 'a'),
  };
  expect([logs(), metrics(), traces()].map((batch) => apply(batch, notA).count)).toEqual([1, 0, 0]);
  expect(apply(logs(), { logRecord: () => false }).count).toBe(0);
  expect(apply(metrics(), { dataPoint: (point) => point.timeUnixNano > 0n }).count).toBe(0);
  expect(apply(traces(), { span: ({ name }) => name === 's' }).count).toBe(1);
});

test('gives hooks the flow to speak to', () => {
  const refused: string[] = [];
  const flow = {
    signal: new AbortController().signal,
    refuse: (_: number, reason: string) => void refused.push(reason),
    drop() {},
    add() {},
  };
  apply(buildLogs([{ records: [{}] }]), { logRecord: (_, to) => to.refuse(1, 'no') }, flow);
  expect(refused).toEqual(['no']);
  apply(buildLogs([{ records: [{}] }]), {
    logRecord: (_, to) => {
      to.refuse(1, 'x');
      to.drop(1, 'x');
      to.add(1, 'x');
    },
  });
});
