/** A line that says what is being done, and is gone afterwards; only on a terminal. */
export function progressLine(stream: NodeJS.WriteStream): { show(what: string): void; clear(): void } {
  if (stream.isTTY !== true) return { show() {}, clear() {} };
  const erase = '\r\u001b[K';
  return {
    show: (what) => void stream.write(`${erase}${what} …`),
    clear: () => void stream.write(erase),
  };
}
