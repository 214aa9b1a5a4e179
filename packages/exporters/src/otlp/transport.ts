import { type AnyBatch, type Clock, type Flow, type Host, PipelineError, type Signal } from '@otelier/core';
import type { PartialSuccess } from '@otelier/otlp';
import { onAbort } from '../abort.js';
import type { Endpoint } from './endpoint.js';
import type { OtlpSettings } from './options.js';

/** One way to carry requests to one endpoint. */
export interface Transport {
  /**
   * Sends one request and waits for its answer.
   *
   * @throws {PipelineError} when the backend did not take it, or cannot be reached.
   */
  send(batch: AnyBatch, flow: Flow): Promise<PartialSuccess | undefined>;
  close(): Promise<void>;
}

/** What a transport is opened with. */
export interface TransportOptions {
  readonly signal: Signal;
  readonly endpoint: Endpoint;
  readonly settings: OtlpSettings;
  readonly host: Host;
  /** Header that lets an exporter see its own data come back; see {@link Loop}. */
  readonly via: (flow: Flow) => Readonly<Record<string, string>>;
}

/** Sent with every request, as the specification asks. A test keeps the version equal to the package's. */
export const userAgent = 'otelier-otlp-exporter/0.1.0';

/** Bodies of answers beyond this are not read (OTLP specification, "Size limits"). */
export const maxAnswerBytes: number = 4 * 1024 * 1024;

/** Runs one attempt that is cut off when its time is up or when the sender gives up. */
export async function attempt<T>(
  of: { readonly flow: Flow; readonly timeoutMs: number; readonly clock: Clock; readonly target: string },
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { flow, target } = of;
  const cut = new AbortController();
  let reason: PipelineError | undefined;
  const end = (code: 'unavailable' | 'deadline', what: string) => {
    reason ??= new PipelineError(code, `${target}: ${what}`);
    cut.abort(reason);
  };
  const leave = () => end('deadline', 'the sender gave up before there was an answer');
  const cancelTimer = of.clock.after(of.timeoutMs, () => end('unavailable', `no answer within ${of.timeoutMs} ms`));
  const stay = onAbort(flow.signal, leave);
  try {
    if (reason !== undefined) throw reason;
    return await run(cut.signal);
  } catch (error) {
    throw reason ?? error;
  } finally {
    cancelTimer();
    stay();
  }
}

/** Settles with `work`, or rejects as soon as the signal aborts: for work that cannot be cancelled itself. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stay = onAbort(signal, () => reject(signal.reason));
    work.then(resolve, reject).finally(stay);
  });
}
