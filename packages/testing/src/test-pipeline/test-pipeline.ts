import {
  type AccountData,
  type AnyBatch,
  type Collector,
  createCollector,
  type Logger,
  type Pipeline,
  PipelineError,
  type PipelinesConfig,
  type Processor,
  type Signal,
  type StateStore,
} from '@otelier/core';
import { parseRequest } from '../captures/request.js';
import { type FakeClock, fakeClock } from '../clock/fake-clock.js';
import { assertConservation } from '../contract/conservation.js';
import { type MemoryExporter, memoryExporter, type Received } from '../memory/memory-exporter.js';
import { type Answer, type MemoryReceiver, memoryReceiver, type SendOptions } from '../memory/memory-receiver.js';
import { withMemoryEnds } from './memory-ends.js';

/** What can be tested: a whole pipeline file, one of its pipelines, or a list of processors. */
export type Testable = PipelinesConfig | Pipeline<never> | readonly Processor<never>[];

/** How a pipeline is tested. */
export interface TestPipelineOptions {
  /** Keeps the exporters of the pipeline instead of replacing them; `received` then stays empty unless one of them is {@link memoryExporter}. */
  readonly keepExporters?: boolean;
  /** Default: a {@link fakeClock}. */
  readonly clock?: FakeClock;
  readonly logger?: Logger;
  /** Directory for state. Default: none, so that state lives in memory. */
  readonly dataDir?: string;
  /** Keeps state instead of a directory: a {@link memoryStore}, which can crash. */
  readonly store?: StateStore;
}

/** A pipeline that runs between memory ends. */
export interface TestPipeline extends AsyncDisposable {
  /** Sends one request and resolves with what its sender is told. @throws {PipelineError} when the pipeline refuses it. */
  send(batch: AnyBatch, options?: SendOptions): Promise<Answer>;
  /** Sends an OTLP request body. @throws {OtlpError} when it is malformed. */
  sendBytes(signal: Signal, body: Uint8Array, encoding?: 'protobuf' | 'json'): Promise<Answer>;
  /** What came out, over all pipelines. */
  readonly received: Received;
  readonly exporter: MemoryExporter;
  readonly receiver: MemoryReceiver;
  readonly clock: FakeClock;
  readonly collector: Collector;
  /** What every component did so far, by id. */
  accounts(): { readonly [id: string]: AccountData };
  /** What was refused so far: in partial successes, and in batches that were refused whole. */
  readonly refusals: readonly string[];
  /**
   * Gives up everything that processors hold and stops; `received` and `accounts()` can still be read. Also checks the books.
   *
   * @throws {Error} when a component's account does not balance, see {@link assertConservation}.
   */
  end(): Promise<void>;
}

/**
 * Runs a pipeline between memory ends: its receivers and exporters are replaced, its processors and wiring are the real ones.
 *
 * ```ts
 * await using run = await testPipeline(config.logs.events);
 * await run.send(claudeCode.userPrompt({ prompt: 'my secret' }));
 * ```
 * A single pipeline and a list of processors run for every signal that all of their components handle.
 *
 * @throws {ConfigError} when the wiring is wrong.
 */
export async function testPipeline(testable: Testable, options: TestPipelineOptions = {}): Promise<TestPipeline> {
  const { clock = fakeClock(), keepExporters = false, logger = silent, dataDir, store } = options;
  const receiver = memoryReceiver();
  const exporter = memoryExporter();
  const collector = createCollector(withMemoryEnds(testable, receiver, keepExporters ? undefined : exporter), {
    clock,
    logger,
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(store === undefined ? {} : { store }),
  });
  await collector.start();
  const refusals: string[] = [];
  let ended: Promise<void> | undefined;

  const send = async (batch: AnyBatch, sendOptions?: SendOptions): Promise<Answer> => {
    try {
      const answer = await receiver.send(batch, sendOptions);
      if (answer.refused > 0) refusals.push(answer.refusal);
      return answer;
    } catch (error) {
      refusals.push(PipelineError.from(error).message);
      throw error;
    }
  };
  const end = (): Promise<void> =>
    (ended ??= (async () => {
      const stopped = collector.shutdown();
      // A drain ends by itself when everything settles; on a clock that stands still its deadline would never come.
      await passTime(clock, stopped);
      assertConservation(collector.accounts());
    })());

  return {
    send,
    sendBytes: async (signal, body, encoding) => send(parseRequest(signal, body, encoding)),
    received: exporter.received,
    exporter,
    receiver,
    clock,
    collector,
    refusals,
    accounts: () => collector.accounts(),
    end,
    [Symbol.asyncDispose]: end,
  };
}

const drainMs = 60_000;

async function passTime(clock: FakeClock, stopped: Promise<unknown>): Promise<void> {
  let done = false;
  const settled = stopped.finally(() => {
    done = true;
  });
  settled.catch(() => {});
  // Real time for what really takes time, such as a file being written, before the deadline is made to come.
  for (let turn = 0; turn < 200 && !done; turn++) await Promise.race([settled, pause()]);
  if (!done) await clock.advance(drainMs);
  await settled;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 10));
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
