import type { MicroCase } from '../measure/case.js';
import { toDelta } from './delta.js';
import { drop, dropAndMerge, dropTwoAndMerge, dropTwoAndMergeCumulative } from './drop.js';
import { fiveProcessors } from './five.js';
import { identity } from './identity.js';
import { jsonToProtobuf, merge, protobufToJson } from './json.js';
import { passThrough, redact } from './redact.js';

/** Every job that is measured in one process. */
export const microCases: readonly MicroCase[] = [
  passThrough,
  redact,
  drop,
  dropAndMerge,
  dropTwoAndMerge,
  dropTwoAndMergeCumulative,
  toDelta,
  fiveProcessors,
  identity,
  jsonToProtobuf,
  protobufToJson,
  merge,
];
