import { DEFAULT_MAX_DEPTH, validateRequest } from '../door/validate.js';
import type { Signal } from '../wire/signal.js';

/** How a request is taken in at the door. */
export interface ParseOptions {
  /** Nobody else reads or writes these bytes: they may be edited in place. Default false. */
  readonly owned?: boolean;
  /** Deepest nesting of attribute values that is accepted. Default 64. */
  readonly maxDepth?: number;
}

/** Validates bytes at the door; `owned` also when the door had to normalise them, which makes a copy. */
export function admitted(signal: Signal, bytes: Uint8Array, options: ParseOptions): { bytes: Buffer; owned: boolean } {
  const { owned = false, maxDepth = DEFAULT_MAX_DEPTH } = options;
  const given = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const clean = validateRequest(signal, given, maxDepth);
  return { bytes: clean, owned: owned || clean !== given };
}
