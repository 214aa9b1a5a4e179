import {
  type AccountData,
  type AnyBatch,
  createCollector,
  type Logger,
  PipelineError,
  type PipelinesConfig,
} from '@otelier/core';
import { type Answer, fakeClock } from '@otelier/testing';
import { type Entrance, type Exit, standIns } from './stand-ins.js';

export type { Entrance, Exit } from './stand-ins.js';

/** A pipeline file that runs between memory ends, on a clock of its own. */
export interface Rehearsal {
  /** The receivers of the file; a receiver in several pipelines is one entrance. */
  readonly entrances: readonly Entrance[];
  /** The exporters of the file; an exporter in several pipelines is one exit. */
  readonly exits: readonly Exit[];
  /**
   * Sends one request in through an entrance, and lets time pass until it is answered.
   *
   * @throws {PipelineError} when the pipelines refuse it, none of them takes its signal, or they do not come to an end.
   */
  send(entrance: Entrance, batch: AnyBatch): Promise<Answer>;
  /** What every component did so far, by id. */
  accounts(): { readonly [id: string]: AccountData };
  /** Has everything that processors hold delivered, and stops; exits and accounts can still be read. */
  end(): Promise<void>;
}

/**
 * Runs a pipeline file without its surroundings: nothing listens, nothing is sent, nothing is written; processors, their order and their
 * options are the file's. Waits of processors (batching, aggregating) take no real time.
 *
 * @throws {ConfigError} when the wiring is wrong.
 */
export async function rehearse(config: PipelinesConfig): Promise<Rehearsal> {
  const { config: between, entrances, exits } = standIns(config);
  const clock = fakeClock(Date.now());
  const collector = createCollector(between, { clock, logger: silent });
  await collector.start();

  const pass = async <T>(work: Promise<T>): Promise<T> => {
    let open = true;
    const settled = work.finally(() => {
      open = false;
    });
    settled.catch(() => {});
    // Real time for what really takes time, such as a worker or a state store, before timers are made to fall due.
    for (let turn = 0; open; turn++) {
      await Promise.race([settled.catch(() => {}), pause(turn < 3 ? 0 : 10)]);
      if (open) await clock.advance(stepMs);
      if (open && turn > maxTurns) throw new PipelineError('deadline', 'the pipelines do not come to an end');
    }
    return settled;
  };
  let ended: Promise<void> | undefined;
  return {
    entrances,
    exits,
    send: (entrance, batch) => pass(entrance.memory.send(batch)),
    accounts: () => collector.accounts(),
    end: () => (ended ??= pass(collector.shutdown()).then(() => {})),
  };
}

/** Longer than usual intervals of batching, shorter than the patience of a drain. */
const stepMs = 1000;

/** About ten seconds: a processor that waits for something outside would wait for ever. */
const maxTurns = 1000;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
