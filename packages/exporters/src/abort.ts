import { setMaxListeners } from 'node:events';

/**
 * Calls `run` once when the signal aborts, also when it has already; the returned function takes that back.
 *
 * One signal may stand behind any number of batches at a time, so many listeners are no leak here.
 */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  if (signal.aborted) {
    run();
    return () => {};
  }
  setMaxListeners(0, signal);
  signal.addEventListener('abort', run, { once: true });
  return () => signal.removeEventListener('abort', run);
}
