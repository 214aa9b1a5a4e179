import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Signal } from '../src/wire/signal.js';

const root = fileURLToPath(new URL('../../testing/fixtures/claude-code', import.meta.url));

/** One request a Claude Code client sent. */
export interface Recorded {
  readonly path: string;
  readonly signal: Signal;
  readonly bytes: Buffer;
}

/** All recorded requests in protobuf, or in JSON. */
export function recorded(encoding: 'pb' | 'json'): Recorded[] {
  const found: Recorded[] = [];
  for (const path of readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()) {
    const signal = /\.(logs|metrics|traces)\.(pb|json)$/.exec(path);
    if (signal?.[2] === encoding)
      found.push({ path, signal: signal[1] as Signal, bytes: readFileSync(`${root}/${path}`) });
  }
  return found;
}
