import {
  type AnyBatch,
  type Exporter,
  type Flow,
  type Host,
  innerStage,
  PipelineError,
  type Signal,
  type Signals,
  type Stage,
} from '@otelier/core';

/** A policy: resources that fail it go to this exporter instead. Made by {@link quarantine}. */
export interface Quarantine<S extends Signal = Signal> {
  readonly quarantine: Exporter<S>;
}

/**
 * Sends all items of a bad resource to another exporter, unchanged: `onInvalid: quarantine(fileExporter({ … }))`.
 *
 * The sender is told yes only after that exporter has taken them. While it cannot, the whole batch is refused for now, before any of it is
 * passed on, so that nothing is lost or delivered twice.
 */
export function quarantine<S extends Signal>(exporter: Exporter<S>): Quarantine<S> {
  return { quarantine: exporter };
}

export function isQuarantine(policy: unknown): policy is Quarantine {
  return typeof policy === 'object' && policy !== null && 'quarantine' in policy;
}

/** The running exporters that a processor quarantines to. */
export class QuarantineStages<S extends Signal> {
  readonly #stages: Map<Exporter<S>, Stage<Signals[S]>>;

  constructor(exporters: readonly Exporter<S>[], signal: S, host: Host) {
    this.#stages = new Map(exporters.map((exporter) => [exporter, innerStage(exporter, signal, host)]));
  }

  /**
   * Delivers a batch there. Answers with an error when this very data is not wanted there, now or later.
   *
   * @throws {PipelineError} that is retryable when the exporter cannot take anything now, be it for a mistake in its options.
   */
  async deliver(exporter: Exporter<S>, batch: AnyBatch, flow: Flow): Promise<PipelineError | undefined> {
    try {
      // The batch is of the pipeline's signal, which the compiler cannot follow.
      await this.#stages.get(exporter)!.consume(batch as Signals[S], flow);
      return undefined;
    } catch (thrown) {
      const error = PipelineError.from(thrown);
      if (error.retryable) throw error;
      if (error.code === 'rejected' || error.code === 'too-large') return error;
      throw new PipelineError('unavailable', `quarantine with ${exporter.name} failed (${error.code})`, {
        cause: error,
      });
    }
  }

  async start(): Promise<void> {
    for (const stage of this.#stages.values()) await stage.start?.();
  }

  async flush(): Promise<void> {
    await Promise.all([...this.#stages.values()].map((stage) => stage.flush?.()));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#stages.values()].map((stage) => stage.close?.()));
  }
}
