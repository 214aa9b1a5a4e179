import { PipelineError } from '@otelier/core';
import {
  decodeExportResponse,
  decodeStatus,
  encodeExportResponse,
  encodeStatus,
  OtlpError,
  type PartialSuccess,
} from '@otelier/otlp';
import { grpcError } from '../../../packages/exporters/src/otlp/grpc-answer.js';
import { readAnswer } from '../../../packages/exporters/src/otlp/http-answer.js';
import { mutateBytes } from '../mutate.js';
import type { Random } from '../random.js';
import { expectTrue, type Target, type Verdict } from '../target.js';

const statuses: readonly number[] = [200, 204, 301, 400, 401, 404, 413, 429, 500, 502, 503, 504];
const types: readonly string[] = ['application/x-protobuf', 'application/json; charset=utf-8', 'text/html', ''];
const retryable: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** What a backend may answer, as the exporters read it: the first byte of an input chooses status and type. */
export class AnswersTarget implements Target {
  readonly name: string = 'answers';
  readonly share: number = 6;

  seeds(_random: Random): Buffer[] {
    const seeds: Buffer[] = [];
    for (const encoding of ['protobuf', 'json'] as const) {
      const bodies = [
        encodeExportResponse('logs', { rejected: 3, message: 'too old' }, encoding),
        encodeExportResponse('metrics', { rejected: 0, message: 'a warning' }, encoding),
        encodeExportResponse('traces', undefined, encoding),
        encodeStatus({ code: 14, message: 'later', retryAfterMs: 1500 }, encoding),
        encodeStatus({ code: 3, message: 'bad' }, encoding),
      ];
      for (const [i, body] of bodies.entries()) {
        const choice = (encoding === 'json' ? 1 : 0) * statuses.length + (i < 3 ? 0 : 10);
        seeds.push(Buffer.concat([Buffer.from([choice]), body]));
      }
    }
    return seeds;
  }

  mutate(input: Buffer, other: Buffer, random: Random): Buffer {
    return mutateBytes(input, other, random);
  }

  run(input: Buffer, _isDeep: boolean): Verdict {
    const [choice = 0] = input;
    const status = statuses[choice % statuses.length] as number;
    const contentType = types[Math.floor(choice / statuses.length) % types.length] as string;
    const body = input.subarray(1);
    expectDecodersKeepToOtlpErrors(body);
    const retryAfter = choice & 128 ? body.subarray(0, 12).toString('latin1') : undefined;
    let partial: PartialSuccess | undefined;
    try {
      partial = readAnswer({ status, contentType, retryAfter, body }, 'logs', 'http://backend/v1/logs', 1e12);
    } catch (error) {
      expectTrue(error instanceof PipelineError, 'an answer that is no yes is a PipelineError');
      expectTrue(error.retryable === retryable.has(status), `${status} is tried again only if the table says so`);
      expectWait(error.retryAfterMs);
      return 'refused';
    }
    expectTrue(status < 300, 'only 2xx is a yes');
    expectTrue(partial === undefined || Number.isFinite(partial.rejected), 'a count is a number');
    return 'taken';
  }
}

function expectDecodersKeepToOtlpErrors(body: Buffer): void {
  for (const encoding of ['protobuf', 'json'] as const) {
    for (const decode of [() => decodeStatus(body, encoding), () => decodeExportResponse('logs', body, encoding)]) {
      try {
        decode();
      } catch (error) {
        if (!(error instanceof OtlpError)) throw error;
      }
    }
  }
  expectWait(grpcError({ code: 8, details: '', statusDetails: body }, 'backend').retryAfterMs);
}

function expectWait(ms: number | undefined): void {
  expectTrue(ms === undefined || (ms >= 0 && ms <= 1e15), `a wait of ${ms} ms is one that can be told on`);
}
