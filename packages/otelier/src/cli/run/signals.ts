import { closeSync } from 'node:fs';
import { isatty } from 'node:tty';

/** Calls `first` at the first SIGINT or SIGTERM and `again` at every later one; the returned function stops listening. */
export function onStopSignals(first: (signal: string) => void, again: () => void): () => void {
  let stopping = false;
  const hear = (signal: NodeJS.Signals): void => {
    if (stopping) {
      again();
      return;
    }
    stopping = true;
    first(signal);
  };
  process.on('SIGINT', hear);
  process.on('SIGTERM', hear);
  return () => {
    process.off('SIGINT', hear);
    process.off('SIGTERM', hear);
  };
}

/**
 * Calls `reload` at every SIGHUP, as daemons do; and `stop` when it means that the terminal which this process ran in is gone.
 *
 * Some shells send it just before they go, so the terminal is looked at again after the reload. On Windows it is sent when the window is closed, and nothing else.
 * The returned function stops listening, and is the last thing that a command does.
 */
export function onHangUp(reload: () => Promise<void>, stop: (why: string) => void): () => void {
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor));
  const terminalIsGone = (): boolean =>
    process.platform === 'win32' || (terminals.length > 0 && !terminals.some((descriptor) => isatty(descriptor)));
  const hear = async (): Promise<void> => {
    if (!terminalIsGone()) await reload();
    if (terminalIsGone()) stop('the terminal was closed');
  };
  process.on('SIGHUP', hear);
  return () => {
    process.off('SIGHUP', hear);
    // Node sets terminals back when it ends, and aborts when one is gone; not when it is closed.
    for (const descriptor of terminals) if (!isatty(descriptor)) closeSync(descriptor);
  };
}
