/** Fails a contract check with the rule that was broken. */
export function broken(who: string, rule: string, found: string): Error {
  return new Error(`${who} breaks its contract: ${rule}; ${found}`);
}

/** Whether a promise is still open after everything that can go on without input or output has gone on. */
export async function isOpen(promise: Promise<unknown>): Promise<boolean> {
  let open = true;
  const close = (): void => {
    open = false;
  };
  promise.then(close, close);
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  return open;
}
