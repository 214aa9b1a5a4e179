import { type Exponential, subtractExponentials } from '../distribution/exponential.js';
import { type Histogram, subtractHistograms } from '../distribution/histogram.js';
import { type AnyDistribution, decodeDistribution, encodeDistribution } from '../distribution/stored.js';
import type { Codec } from '../series-state/entries.js';

/** What a series of distributions counted last, and the most that it had counted when it has fallen since. */
export interface Known {
  readonly last: AnyDistribution;
  readonly peak: AnyDistribution | undefined;
}

export const known: Codec<Known> = {
  encode({ last, peak }) {
    const first = encodeDistribution(last);
    const size = Buffer.alloc(4);
    size.writeUInt32LE(first.length);
    return Buffer.concat([size, first, peak === undefined ? Buffer.alloc(0) : encodeDistribution(peak)]);
  },
  decode(bytes) {
    const end = 4 + new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0, true);
    return {
      last: decodeDistribution(bytes.subarray(4, end)),
      peak: end === bytes.length ? undefined : decodeDistribution(bytes.subarray(end)),
    };
  },
};

/** What was counted since `before`, or undefined when something went down. */
export function since(now: AnyDistribution, before: AnyDistribution): AnyDistribution | undefined {
  return 'scale' in now
    ? subtractExponentials(now, before as Exponential)
    : subtractHistograms(now, before as Histogram);
}
