const marker = /CANARY_[A-Za-z0-9_]+/g;

/**
 * Finds the markers that stand in the recorded sessions where private text would be (prompt, reply, command, file name,
 * file content, error), in bytes or text; each once, in order. After redaction there must be none.
 */
export function canaries(content: Uint8Array | string): string[] {
  const text = typeof content === 'string' ? content : Buffer.from(content).toString('latin1');
  return [...new Set(text.match(marker) ?? [])];
}
