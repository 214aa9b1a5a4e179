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
