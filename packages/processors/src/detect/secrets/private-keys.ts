import type { Detector } from '../detector.js';

/** Source of what may stand between and around the lines of an armoured key: also line ends that are escaped, and JSON's joints. */
const armour = '[A-Za-z0-9+/=\\s\\\\:,"\'-]';

/** Private keys in PEM armour, of all kinds; whole, cut off at their end, or cut off at their start. */
export const privateKey: Detector = {
  name: 'private-key',
  class: 'secret',
  clue: { literals: [{ text: 'PRIVATE KEY' }] },
  find(text, report) {
    const header = /-----(BEGIN|END)[A-Z0-9 ]{0,40} PRIVATE KEY(?: BLOCK)?(?:-----)?/g;
    const body = new RegExp(`^${armour}*`);
    let from = -1;
    let bodyFrom = 0;
    let end = 0;
    const cutOff = (limit: number): void => {
      // Only this far: keys without an end would otherwise be read again for each beginning.
      const to = bodyFrom + body.exec(text.slice(bodyFrom, limit))![0].length;
      if (hasKeyMaterial(text, bodyFrom, to)) report(from, (end = trimEnd(text, to)));
    };
    for (let match = header.exec(text); match !== null; match = header.exec(text)) {
      if (match[1] === 'BEGIN') {
        if (from >= 0) cutOff(match.index);
        [from, bodyFrom] = [match.index, header.lastIndex];
        continue;
      }
      const start = from >= 0 ? from : bodyBefore(text, match.index, end);
      if (hasKeyMaterial(text, from >= 0 ? bodyFrom : start, match.index)) report(start, (end = header.lastIndex));
      from = -1;
    }
    if (from >= 0) cutOff(text.length);
  },
};

/** Private keys as PuTTY saves them. */
export const puttyKey: Detector = {
  name: 'putty-key',
  class: 'secret',
  clue: { literals: [{ text: 'Private-Lines:' }] },
  find(text, report) {
    const expression = /Private-Lines: {0,4}\d{1,4}(?:\s|\\[rn]){1,4}([A-Za-z0-9+/=\s\\]{16,})/g;
    for (let match = expression.exec(text); match !== null; match = expression.exec(text))
      report(match.index, expression.lastIndex);
  },
};

/** Whether there are 16 or more letters of base64 in a row: a key, not only talk of one. */
function hasKeyMaterial(text: string, from: number, to: number): boolean {
  let run = 0;
  for (let i = from; i < to; i++) {
    run = /[A-Za-z0-9+/=]/.test(text[i]!) ? run + 1 : 0;
    if (run === 16) return true;
  }
  return false;
}

/** Where the body of a key starts whose beginning was cut off: base64 and line ends, back from its last line. */
function bodyBefore(text: string, end: number, least: number): number {
  let i = end;
  while (i > least && /[A-Za-z0-9+/=\r\n\\]/.test(text[i - 1]!)) i--;
  return i;
}

function trimEnd(text: string, to: number): number {
  let i = to;
  while (i > 0 && /[\s,:"'\\-]/.test(text[i - 1]!)) i--;
  return i;
}
