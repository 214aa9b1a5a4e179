import {
  type AnyBatch,
  type Exporter,
  exporterStage,
  type Flow,
  PipelineError,
  type Signal,
  type Signals,
  type Traits,
} from '@otelier/core';

/** Batches by signal, in the order in which they were delivered. */
export type Received = { readonly [S in Signal]: Signals[S][] };

/** What tests do with a {@link memoryExporter}. */
export interface MemoryExporterControls {
  /** What was delivered; refused batches are not in it. */
  readonly received: Received;
  /** How many batches came in, refused ones included. */
  readonly attempts: number;
  /** Refuses the next `times` batches; the default error is a retryable `unavailable`. */
  refuse(times: number, error?: PipelineError): void;
  /** Lets deliveries wait, so that nothing is acknowledged, until the returned function is called. */
  hold(): () => void;
  /** Forgets what was received. */
  clear(): void;
}

/** An exporter that keeps what it gets; see {@link memoryExporter}. */
export type MemoryExporter = Exporter<Signal> & MemoryExporterControls;

/**
 * Makes an exporter for every signal that keeps what it gets in memory and can be told to refuse or to wait.
 */
export function memoryExporter(traits: Traits = {}): MemoryExporter {
  const received: Received = { logs: [], metrics: [], traces: [] };
  const refusals: PipelineError[] = [];
  let gate: Promise<void> | undefined;
  let attempts = 0;

  const consume = async (batch: AnyBatch, flow: Flow): Promise<void> => {
    attempts++;
    const refusal = refusals.shift();
    if (gate !== undefined) await openOrAborted(gate, flow.signal);
    if (refusal !== undefined) throw refusal;
    (received[batch.signal as Signal] as AnyBatch[]).push(batch);
  };
  const stage = () => ({ consume });
  const controls: MemoryExporterControls = {
    received,
    get attempts() {
      return attempts;
    },
    refuse(times, error = new PipelineError('unavailable', 'the memory exporter was told to refuse')) {
      for (let i = 0; i < times; i++) refusals.push(error);
    },
    hold() {
      let open = (): void => {};
      gate = new Promise((resolve) => {
        open = resolve;
      });
      return () => {
        gate = undefined;
        open();
      };
    },
    clear() {
      for (const batches of Object.values(received)) batches.length = 0;
    },
  };
  const exporter = exporterStage('memory', { logs: stage, metrics: stage, traces: stage }, traits);
  return Object.defineProperties(exporter, Object.getOwnPropertyDescriptors(controls)) as MemoryExporter;
}

async function openOrAborted(gate: Promise<void>, signal: AbortSignal): Promise<void> {
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(new PipelineError('deadline', 'the sender gave up'));
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
  try {
    await Promise.race([gate, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
