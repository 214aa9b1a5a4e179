import {
  type AnyBatch,
  type Consume,
  type Host,
  type Outlets,
  type Peer,
  PipelineError,
  type Receiver,
  receiver,
  type Signal,
  signals,
} from '@otelier/core';

/** What the sender was told: all taken, or some refused (OTLP `partial_success`). */
export interface Answer {
  readonly refused: number;
  readonly refusal: string;
}

/** What a test may say about the request it sends. */
export interface SendOptions {
  readonly signal?: AbortSignal;
  readonly peer?: Peer;
}

/** What tests do with a {@link memoryReceiver}. */
export interface MemoryReceiverControls {
  /**
   * Sends a batch as one request and resolves with what the sender is told.
   *
   * @throws {PipelineError} when the pipeline refused the batch, nothing takes its signal, or the receiver does not run.
   */
  send(batch: AnyBatch, options?: SendOptions): Promise<Answer>;
}

/** A receiver fed by hand; see {@link memoryReceiver}. */
export type MemoryReceiver = Receiver<Signal> & MemoryReceiverControls;

/** Makes a receiver for every signal that a test feeds with `send`; like the real ones it asks for admission first. */
export function memoryReceiver(): MemoryReceiver {
  let running: { readonly out: Outlets<Signal>; readonly host: Host } | undefined;

  const start: Receiver<Signal>['start'] = async (out, host) => {
    running = { out, host };
    const stop = async (): Promise<void> => {
      running = undefined;
    };
    return { endpoints: ['memory'], stop, close: stop };
  };
  const send = async (batch: AnyBatch, options: SendOptions = {}): Promise<Answer> => {
    if (running === undefined) throw new PipelineError('unavailable', 'the memory receiver does not run');
    const { out, host } = running;
    const outlet = out[batch.signal as Signal] as Consume<AnyBatch> | undefined;
    if (outlet === undefined) throw new PipelineError('unsupported', `no pipeline takes ${batch.signal}`);
    const lease = host.admission.acquire(batch.size, batch.signal);
    if (lease === undefined) throw new PipelineError('overloaded', 'too much in flight', { retryAfterMs: 1000 });
    try {
      const flow = host.flow(options);
      await outlet(batch, flow);
      return { refused: flow.refused, refusal: flow.refusal };
    } finally {
      lease.release();
    }
  };
  return Object.assign(receiver('memory', signals, start), { send });
}
