import { Buffer } from 'node:buffer';
import { type View, ViewBuilder } from './view.js';

const run = /(?:%[0-9A-Fa-f]{2})+/g;

/** Text with its percent-encoding undone (RFC 3986, section 2.1; as UTF-8), or `undefined` when it has none. */
export function percentDecoded(source: string): View | undefined {
  run.lastIndex = 0;
  let match = run.exec(source);
  if (match === null) return undefined;
  const builder = new ViewBuilder(source.length);
  let done = 0;
  for (; match !== null; match = run.exec(source)) {
    for (; done < match.index; done++) builder.add(source.charCodeAt(done), done);
    const bytes = Buffer.from(match[0].replaceAll('%', ''), 'hex');
    for (let i = 0; i < bytes.length; ) {
      const length = sequenceLength(bytes, i);
      const character = bytes.toString('utf8', i, i + length);
      for (let k = 0; k < character.length; k++) builder.add(character.charCodeAt(k), done + 3 * i);
      i += length;
    }
    done = run.lastIndex;
  }
  for (; done < source.length; done++) builder.add(source.charCodeAt(done), done);
  return builder.view(source.length);
}

/** Bytes of the UTF-8 sequence that begins at `i`; one for what is none. */
function sequenceLength(bytes: Uint8Array, i: number): number {
  const lead = bytes[i]!;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  for (let k = 1; k < length; k++) if (i + k >= bytes.length || (bytes[i + k]! & 0xc0) !== 0x80) return 1;
  return length;
}
