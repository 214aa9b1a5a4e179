import type { Detector } from '../detector.js';
import { wordStart } from '../prefilter/alphabets.js';
import { decodedText, looksRandom } from './checksums.js';
import { isPlaceHolder } from './place-holder.js';

/** Source of what stands between a header's name and its value, in HTTP, JSON, YAML and code: quotes may be escaped any number of times. */
const joint = '\\\\{0,8}["\'`]?\\]?\\s{0,4}(?:[:=,]|=>)\\s{0,4}(?:\\[\\s{0,4})?\\\\{0,8}["\'`]?';

/** Credentials in `Authorization` headers, and after `Bearer` and `Basic` wherever they stand. */
export const authorization: Detector = {
  name: 'authorization',
  class: 'secret',
  clue: {
    literals: [
      { text: 'authorization', ignoreCase: true },
      { text: 'bearer', ignoreCase: true },
      { text: 'basic', ignoreCase: true },
    ],
  },
  find(text, report) {
    let end = 0;
    const tell = (from: number, to: number): void => {
      if (from >= end) report(from, (end = to));
    };
    const expression = new RegExp(
      [
        `(authorization${joint})((?:(?:bearer|basic|token|digest|apikey|api-key|negotiate|ntlm|hawk|splunk|bot|oauth|key)|(?:aws4-[a-z0-9-]{1,30}))\\s{1,4})?([^\\s"'\`\\\\,;]{4,})`,
        `${wordStart}(bearer|basic)(?:\\s|%20|\\+){1,4}([A-Za-z0-9._~+/=-]{8,})`,
      ].join('|'),
      'gi',
    );
    for (let match = expression.exec(text); match !== null; match = expression.exec(text)) {
      const [, name, scheme = '', value, alone, credentials] = match;
      if (name !== undefined && value !== undefined) {
        if (isPlaceHolder(value) || (scheme === '' && /^(?:bearer|basic|token|digest)$/i.test(value))) continue;
        const from = match.index + name.length + scheme.length;
        // Digest and signatures have several parts, quoted ones among them: all of the line.
        const line = /^(?:digest|hawk|oauth|aws4)/i.test(scheme) ? lineEnd(text, from) : expression.lastIndex;
        if (scheme === '' && !looksRandom(value)) continue;
        tell(from, line);
        expression.lastIndex = Math.max(expression.lastIndex, line);
      } else if (alone !== undefined && credentials !== undefined) {
        const isCredential =
          alone.toLowerCase() === 'basic'
            ? decodedText(credentials)?.includes(':') === true
            : credentials.length >= 16 && /\d/.test(credentials) && looksRandom(credentials);
        if (isCredential) tell(expression.lastIndex - credentials.length, expression.lastIndex);
      }
    }
  },
};

/** Values of `Cookie` and `Set-Cookie` headers: all of the line. */
export const cookie: Detector = {
  name: 'cookie',
  class: 'secret',
  clue: { literals: [{ text: 'cookie', ignoreCase: true, followedBy: 'value' }] },
  find(text, report) {
    const expression = new RegExp(`(cookie${joint})[\\w.$-]{1,64}=[^;\\s"'\`\\\\]{6,}[^\\r\\n"'\`\\\\]*`, 'gi');
    for (let match = expression.exec(text); match !== null; match = expression.exec(text))
      report(match.index + match[1]!.length, expression.lastIndex);
  },
};

function lineEnd(text: string, from: number): number {
  const end = /[\r\n]|\\[rn]/g;
  end.lastIndex = from;
  return end.exec(text)?.index ?? text.length;
}
