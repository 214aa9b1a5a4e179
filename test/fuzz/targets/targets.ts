import type { Target } from '../target.js';
import { AnswersTarget } from './answers.js';
import { CodingTarget } from './coding.js';
import { GrpcFramesTarget } from './grpc-frames.js';
import { JsonTarget } from './json.js';
import { ProtobufTarget } from './protobuf.js';

const signals = ['logs', 'metrics', 'traces'] as const;
const codings = ['gzip', 'deflate', 'zstd'] as const;

/** Everything that is fuzzed without a socket, by name. */
export const targets: ReadonlyMap<string, () => Target> = new Map<string, () => Target>([
  ...signals.map((signal) => [`protobuf ${signal}`, () => new ProtobufTarget(signal)] as const),
  ...signals.map((signal) => [`json ${signal}`, () => new JsonTarget(signal)] as const),
  ...codings.map((coding) => [coding, () => new CodingTarget(coding)] as const),
  ['grpc frames', () => new GrpcFramesTarget()],
  ['answers', () => new AnswersTarget()],
]);
