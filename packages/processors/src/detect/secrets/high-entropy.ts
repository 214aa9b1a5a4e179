import type { Detector } from '../detector.js';

/** Options of {@link highEntropy}. */
export interface HighEntropyOptions {
  /** Fewest characters of a value. Default 24. */
  readonly minLength?: number;
  /** Fewest bits per character of base64-like values, of at most 6. Default 4.3. */
  readonly base64?: number;
  /** Fewest bits per character of hexadecimal values, of at most 4. Default: hexadecimal values, which mostly are hashes and ids, are not reported. */
  readonly hex?: number;
}

/** Forms that look drawn by lot but are no secrets. */
const harmless: readonly RegExp[] = [
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i, // UUID
  /^(?:sha(?:1|256|384|512)|md5)[-:_]/i, // integrity
  /^(?:toolu|req|msg|srvtoolu|chatcmpl|call|resp|file|batch|msgbatch|session|user|org|evt|run|thread|asst|proj)[-_]/, // ids of models' APIs
  /^[A-Za-z]+(?:[/_.-][A-Za-z]*\d{0,4})*$/, // words, paths and versions
  /^[\d.:TZ+-]+$/, // times and numbers
];

/**
 * Words that look drawn by lot, whatever made them: a tuned extra, in no default. Hashes, UUIDs, times, versions and paths are not reported.
 */
export function highEntropy(options: HighEntropyOptions = {}): Detector {
  const { minLength = 24, base64 = 4.3, hex } = options;
  const word = /[A-Za-z0-9+/_-]+={0,2}/g;
  return {
    name: 'high-entropy',
    class: 'secret',
    clue: { shapes: ['dense'] },
    find(text, report) {
      word.lastIndex = 0;
      for (let match = word.exec(text); match !== null; match = word.exec(text)) {
        const value = match[0];
        if (value.length < minLength || harmless.some((form) => form.test(value))) continue;
        const isHex = /^(?:[0-9a-f]+|[0-9A-F]+)$/.test(value);
        const least = isHex ? hex : base64;
        if (least === undefined) continue;
        if (!isHex && !(/[a-z]/.test(value) && /[A-Z]/.test(value) && /[0-9]/.test(value))) continue;
        if (entropy(value) >= least) report(match.index, word.lastIndex);
      }
    },
  };
}

/** Shannon's entropy in bits per character. */
function entropy(value: string): number {
  const counts = new Map<string, number>();
  for (const letter of value) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / value.length) * Math.log2(count / value.length);
  return bits;
}
