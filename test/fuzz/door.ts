import { type AnyBatch, type Outlets, PipelineError, type Signal } from '@otelier/core';
import { refusalOf } from '../../packages/receivers/src/otlp/answer.js';
import { type Encoding, Intake } from '../../packages/receivers/src/otlp/intake.js';
import { Limits } from '../../packages/receivers/src/otlp/limits/limits.js';
import { Refusals } from '../../packages/receivers/src/otlp/refusals.js';
import { testHost } from '../../packages/receivers/test/harness.js';
import { Broken, expectTrue } from './target.js';

/** The size limit of the fuzzed door: small, so that limits are met. */
export const maxBytes: number = 1024 * 1024;

const refusals: ReadonlySet<string> = new Set(['rejected', 'too-large']);

/** What stands behind both doors of the receiver, without sockets: the bytes of a body in, a batch or a PipelineError out. */
export class FuzzedDoor {
  readonly host = testHost(64 * 1024 * 1024);
  private readonly intake: Intake;
  private batch: AnyBatch | undefined;

  constructor() {
    const take = (batch: AnyBatch): Promise<void> => {
      this.batch = batch;
      return Promise.resolve();
    };
    const out: Outlets<Signal> = { logs: take, metrics: take, traces: take };
    const refusals = new Refusals(this.host);
    const limits = new Limits({ connections: 1 }, this.host, refusals, false);
    this.intake = new Intake(out, this.host, { maxBytes, limits, refusals });
  }

  /** The batch that a body becomes; `'empty'` when it holds no items, undefined when it was refused as it should be. */
  receive(signal: Signal, body: Buffer, encoding: Encoding): AnyBatch | 'empty' | undefined {
    this.batch = undefined;
    const error = caught(() => void this.intake.handle(signal, body, encoding, this.host.flow()));
    if (error !== undefined) {
      expectProper(error);
      return undefined;
    }
    return this.batch ?? 'empty';
  }
}

function caught(run: () => void): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** @throws {Broken} unless this is the refusal of bad data: 400 or 413, final, and short enough for a header of gRPC. */
export function expectProper(error: unknown): void {
  if (!(error instanceof PipelineError)) {
    throw new Broken(`refusals are PipelineErrors; got ${error instanceof Error ? error.stack : String(error)}`);
  }
  expectTrue(refusals.has(error.code), `bad data is rejected or too-large, not ${error.code}`);
  const { httpStatus, grpcCode } = refusalOf(error);
  expectTrue(httpStatus === (error.code === 'rejected' ? 400 : 413), `status ${httpStatus} for ${error.code}`);
  expectTrue(grpcCode === (error.code === 'rejected' ? 3 : 8), `gRPC code ${grpcCode} for ${error.code}`);
  expectTrue(!error.retryable && error.message.length < 1000, 'a final refusal in a short sentence');
}
