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
    // ASCII stands for itself wherever it is; only what is between is a matter of UTF-8, and of no interest to a secret's form.
    for (let i = 0; i < bytes.length; i++) builder.add(bytes[i]! < 0x80 ? bytes[i]! : 0xfffd, done + 3 * i);
    done = run.lastIndex;
  }
  for (; done < source.length; done++) builder.add(source.charCodeAt(done), done);
  return builder.view(source.length);
}
