import type { Signal } from '@otelier/core';
import { protobufToJson } from '../../packages/otlp/src/json/render.js';
import { requestKind } from '../../packages/otlp/src/schema/schema.js';
import { makeMessage } from '../../packages/otlp/test/odd-messages.js';
import { recorded } from '../../packages/otlp/test/recorded.js';
import { longest } from './mutate.js';
import type { Random } from './random.js';

/** Recorded requests of this signal that are short enough to be worth mutating, and generated ones with all that the schema has. */
export function requestSeeds(signal: Signal, encoding: 'pb' | 'json', random: Random): Buffer[] {
  const seeds = recorded(encoding)
    .filter((each) => each.signal === signal && each.bytes.length <= longest)
    .sort((a, b) => a.bytes.length - b.bytes.length)
    .slice(0, 12)
    .map(({ bytes }) => bytes);
  for (let i = 0; i < 48; i++) {
    const request = makeMessage(requestKind[signal], () => random.share(), encoding === 'pb' ? (i % 3) / 10 : 0, 2);
    const seed = encoding === 'pb' ? request : Buffer.from(protobufToJson(signal, request));
    if (seed.length <= longest / 4) seeds.push(seed);
  }
  return [Buffer.alloc(0), ...seeds];
}
