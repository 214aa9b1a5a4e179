import { processor, stage } from '@otelier/core';
import { KeySet, LogsBatch } from '@otelier/otlp';
import { logsRequest, logsShapes } from '../corpus/logs.js';
import type { MicroCase, Variant } from '../measure/case.js';
import { received } from '../measure/received.js';
import { throughLogs } from '../measure/through.js';
import * as pbjs from '../references/protobufjs.js';

type Name = keyof typeof logsShapes;
const input = (payload: string): Buffer => logsRequest(logsShapes[payload as Name]);
const dropped = new KeySet(['session.id', 'user.account_uuid']);
const redacted = '<REDACTED>';

const plain: Variant = {
  prepare(payload) {
    const request = input(payload);
    const run = () => {
      const logs = pbjs.decodeLogs(request);
      logs.resourceLogs = logs.resourceLogs.filter(({ resource }) =>
        resource.attributes.some(({ key }) => key === 'team.id'),
      );
      for (const { scopeLogs } of logs.resourceLogs)
        for (const scope of scopeLogs) {
          scope.logRecords = scope.logRecords.filter(
            ({ attributes }) =>
              !attributes.some(({ key, value }) => key === 'tool_name' && value.stringValue === 'Edit'),
          );
          for (const record of scope.logRecords) {
            if (record.attributes.some(({ key, value }) => key === 'event.name' && value.stringValue === 'user_prompt'))
              for (const { key, value } of record.attributes) if (key === 'prompt') value.stringValue = redacted;
            record.attributes = record.attributes.filter(
              ({ key }) => key !== 'session.id' && key !== 'user.account_uuid',
            );
            record.attributes.push({ key: 'deployment.environment', value: { stringValue: 'production' } });
          }
        }
      return pbjs.reencodeLogs(logs);
    };
    return { run, outcome: () => pbjs.readLogs(run()) };
  },
};

// The order matches the reference: what is filtered out is not edited first.
const five = [
  processor('check-resource', { resource: (resource) => resource.attributes.has('team.id') }),
  processor('drop-edits', { logRecord: (record) => !record.attributes.is('tool_name', 'Edit') }),
  processor('redact', {
    logRecord(record) {
      if (record.attributes.is('event.name', 'user_prompt')) record.attributes.set('prompt', redacted);
    },
  }),
  processor('drop-ids', {
    logRecord(record) {
      record.attributes.delete(dropped);
    },
  }),
  processor('set-environment', {
    logRecord(record) {
      record.attributes.set('deployment.environment', 'production');
    },
  }),
] as const;

const through = (processors: Parameters<typeof throughLogs>[0]): Variant => ({
  async prepare(payload) {
    const request = input(payload);
    const body = received(request);
    const send = await throughLogs(processors);
    let last: Uint8Array = request;
    const run = async () => {
      last = await send(new LogsBatch(body(), true));
    };
    return { run, outcome: () => pbjs.readLogs(last) };
  },
});

/** Stops fusion: it has no hooks, so each of its neighbours has a traversal and a splice of its own. */
const barrier = stage('barrier', { logs: (next) => ({ consume: next }) });

/** Check resources, filter, redact, delete two attributes from all, set one on all: decode and encode pay once for five. */
export const fiveProcessors: MicroCase = {
  name: 'five processors',
  payloads: ['logs5', 'logs100', 'logs1000'],
  items: { logs5: 5, logs100: 100, logs1000: 1000 },
  variants: {
    protobufjs: plain,
    separate: through(five.flatMap((each) => [each, barrier])),
    fused: through(five),
  },
  targets: [
    { payload: 'logs100', variant: 'separate', base: 'protobufjs', atLeast: 8 },
    { payload: 'logs100', variant: 'fused', base: 'protobufjs', atLeast: 12 },
  ],
};
