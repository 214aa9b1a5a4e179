import { LogsBatch } from '@otelier/otlp';
import { logsRequest, logsShapes } from '../corpus/logs.js';
import type { MicroCase, Variant } from '../measure/case.js';
import * as es from '../references/protobuf-es.js';
import * as pbjs from '../references/protobufjs.js';

type Name = keyof typeof logsShapes;
const inputs = (payload: string): { request: Buffer; text: string; body: Buffer } => {
  const request = logsRequest(logsShapes[payload as Name]);
  const text = LogsBatch.parse(request).toJson();
  return { request, text, body: Buffer.from(text) };
};

const fromText = (make: (text: string) => Uint8Array): Variant => ({
  prepare(payload) {
    const { text } = inputs(payload);
    return { run: () => make(text), outcome: () => pbjs.readLogs(make(text)) };
  },
});

/** OTLP/JSON arrives as bytes and becomes protobuf bytes. */
export const jsonToProtobuf: MicroCase = {
  name: 'JSON to protobuf',
  payloads: ['logs5', 'logs100', 'logs1000'],
  items: { logs5: 5, logs100: 100, logs1000: 1000 },
  variants: {
    'JSON.parse alone': {
      prepare(payload) {
        const { body } = inputs(payload);
        return { run: () => JSON.parse(body.toString()) };
      },
    },
    'protobufjs fromObject': fromText((text) => pbjs.reencodeLogs(pbjs.logsFromObject(JSON.parse(text)))),
    'protobuf-es fromJson': fromText((text) => es.reencodeLogs(es.logsFromJson(text))),
    otelier: {
      prepare(payload) {
        const { body } = inputs(payload);
        return {
          run: () => LogsBatch.fromJson(body).bytes(),
          outcome: () => pbjs.readLogs(LogsBatch.fromJson(body).bytes()),
        };
      },
    },
  },
  targets: ['logs5', 'logs100', 'logs1000'].map((payload) => ({
    payload,
    variant: 'otelier',
    base: 'JSON.parse alone',
    atLeast: 1,
  })),
};

/** Protobuf bytes leave as OTLP/JSON. */
export const protobufToJson: MicroCase = {
  name: 'protobuf to JSON',
  payloads: ['logs5', 'logs100', 'logs1000'],
  items: { logs5: 5, logs100: 100, logs1000: 1000 },
  variants: {
    'protobufjs + JSON.stringify': {
      prepare(payload) {
        const { request } = inputs(payload);
        return { run: () => JSON.stringify(pbjs.decodeLogs(request)) };
      },
    },
    otelier: {
      prepare(payload) {
        const { request } = inputs(payload);
        return { run: () => new LogsBatch(request).toJson() };
      },
    },
  },
  targets: [],
};

/** Two hundred small requests become one. */
export const merge: MicroCase = {
  name: 'merge 200 requests',
  payloads: ['logs5'],
  items: { logs5: 1000 },
  variants: {
    protobufjs: {
      prepare(payload) {
        const { request } = inputs(payload);
        const requests = Array.from({ length: 200 }, () => Buffer.from(request));
        const run = () =>
          pbjs.reencodeLogs({ resourceLogs: requests.flatMap((each) => pbjs.decodeLogs(each).resourceLogs) });
        return { run, outcome: () => pbjs.readLogs(run()) };
      },
    },
    otelier: {
      prepare(payload) {
        const { request } = inputs(payload);
        const requests = Array.from({ length: 200 }, () => Buffer.from(request));
        const run = () => LogsBatch.merge(requests.map((each) => new LogsBatch(each))).bytes();
        return { run, outcome: () => pbjs.readLogs(run()) };
      },
    },
  },
  targets: [{ payload: 'logs5', variant: 'otelier', base: 'protobufjs', atLeast: 100 }],
};
