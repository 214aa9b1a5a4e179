import { LogsBatch } from '@otelier/otlp';
import { logsRequest, logsShapes } from '../corpus/logs.js';
import type { MicroCase, Variant } from '../measure/case.js';
import { received } from '../measure/received.js';
import * as es from '../references/protobuf-es.js';
import * as pbjs from '../references/protobufjs.js';
import { redactByHand } from '../references/redact-by-hand.js';

const redacted = '<REDACTED>';
type Name = keyof typeof logsShapes;
const input = (payload: string): Buffer => logsRequest(logsShapes[payload as Name]);

/** A variant that makes protobuf bytes: agreement is judged on what protobufjs reads from them. */
const bytes = (make: (input: Buffer) => Uint8Array): Variant => ({
  prepare(payload) {
    const request = input(payload);
    return { run: () => make(request), outcome: () => pbjs.readLogs(make(request)) };
  },
});

/** {@link bytes} for batches that own their bytes, as a receiver's do: copying the request into them counts. */
const owned = (make: (body: Buffer) => Uint8Array): Variant => ({
  prepare(payload) {
    const body = received(input(payload));
    return { run: () => make(body()), outcome: () => pbjs.readLogs(make(body())) };
  },
});

function editPlain(logs: pbjs.PlainLogs): pbjs.PlainLogs {
  for (const resource of logs.resourceLogs)
    for (const scope of resource.scopeLogs)
      for (const record of scope.logRecords) {
        let isPrompt = false;
        for (const { key, value } of record.attributes)
          if (key === 'event.name' && value.stringValue === 'user_prompt') isPrompt = true;
        if (isPrompt)
          for (const { key, value } of record.attributes) if (key === 'prompt') value.stringValue = redacted;
      }
  return logs;
}

function editEs(logs: pbjs.PlainLogs): pbjs.PlainLogs {
  for (const resource of logs.resourceLogs)
    for (const scope of resource.scopeLogs)
      for (const record of scope.logRecords) {
        const attributes = record.attributes as unknown as es.EsAttribute[];
        let isPrompt = false;
        for (const { key, value } of attributes)
          if (key === 'event.name' && value.value.value === 'user_prompt') isPrompt = true;
        if (isPrompt)
          for (const { key, value } of attributes)
            if (key === 'prompt') value.value = { case: 'stringValue', value: redacted };
      }
  return logs;
}

function editViews(batch: LogsBatch): Uint8Array {
  for (const resource of batch.resourceLogs)
    for (const scope of resource.scopeLogs)
      for (const record of scope.logRecords)
        if (record.attributes.is('event.name', 'user_prompt')) record.attributes.set('prompt', redacted);
  return batch.bytes();
}

const json: Variant = {
  prepare(payload) {
    const text = LogsBatch.parse(input(payload)).toJson();
    return { run: () => JSON.stringify(editPlain(JSON.parse(text))) };
  },
};

/** Set one attribute of a tenth of the records, as in `event.name` is `user_prompt` → `prompt` is masked. */
export const redact: MicroCase = {
  name: 'redact',
  payloads: Object.keys(logsShapes),
  items: { logs5: 5, logs5clean: 5, logs100: 100, logs1000: 1000 },
  variants: {
    protobufjs: bytes((request) => pbjs.reencodeLogs(editPlain(pbjs.decodeLogs(request)))),
    'protobuf-es': bytes((request) => es.reencodeLogs(editEs(es.decodeLogs(request)))),
    JSON: json,
    views: owned((body) => editViews(new LogsBatch(body, true))),
    'views + validation': owned((body) => editViews(LogsBatch.parse(body, { owned: true }))),
    'views, shared bytes': bytes((request) => editViews(new LogsBatch(request))),
    'hand-fused loop': bytes((request) => redactByHand(request, redacted)),
  },
  targets: [
    { payload: 'logs5', variant: 'views', base: 'protobufjs', atLeast: 28 },
    { payload: 'logs5', variant: 'views + validation', base: 'protobufjs', atLeast: 20 },
    // The harder reading: the input stays as it was, so every output is new memory.
    { payload: 'logs5', variant: 'views, shared bytes', base: 'protobufjs', atLeast: 28 },
    { payload: 'logs100', variant: 'views, shared bytes', base: 'protobufjs', atLeast: 40 },
    { payload: 'logs5clean', variant: 'views, shared bytes', base: 'protobufjs', atLeast: 70 },
    { payload: 'logs100', variant: 'views', base: 'protobufjs', atLeast: 40 },
    { payload: 'logs100', variant: 'views + validation', base: 'protobufjs', atLeast: 25 },
    { payload: 'logs100', variant: 'views, shared bytes', base: 'hand-fused loop', atLeast: 1 / 1.3 },
  ],
};

/** A batch that nobody edits leaves as the bytes that came. */
export const passThrough: MicroCase = {
  name: 'pass-through',
  payloads: ['logs5', 'logs100', 'logs1000'],
  items: { logs5: 5, logs100: 100, logs1000: 1000 },
  variants: {
    protobufjs: bytes((request) => pbjs.reencodeLogs(pbjs.decodeLogs(request))),
    'protobuf-es': bytes((request) => es.reencodeLogs(es.decodeLogs(request))),
    'views + validation': bytes((request) => {
      const out = LogsBatch.parse(request).bytes();
      if (out.buffer !== request.buffer || out.byteOffset !== request.byteOffset || out.length !== request.length)
        throw new Error('a clean batch was copied');
      return out;
    }),
  },
  targets: [{ payload: 'logs100', variant: 'views + validation', base: 'protobufjs', atLeast: 40 }],
};
