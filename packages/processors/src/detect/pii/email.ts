import type { Detector } from '../detector.js';

const mailbox = /[\p{L}\p{N}._%+'-]/u;

/** Mail boxes that no person reads, and the user of every Git server. */
const nobody = /^(?:git|no-?reply|do-?not-?reply)$/i;

/** E-mail addresses, also with letters that are not ASCII. */
export const email: Detector = {
  name: 'email',
  class: 'identity',
  clue: { shapes: ['at'] },
  find(text, report) {
    const host =
      /(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.){1,8}(\p{L}{2,24}|xn--[a-z0-9-]{2,59})(?![\p{L}\p{N}_-]|\.\p{L}|\()/uy;
    let end = 0;
    for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
      let from = at;
      while (from > end && at - from < 64 && mailbox.test(text[from - 1]!)) from--;
      // The letter of an escape is no part of the mail box.
      if (from > 0 && text[from - 1] === '\\' && /[bfnrt]/.test(text[from]!)) from++;
      while (from < at && /[.%'-]/.test(text[from]!)) from++;
      if (from === at || text[at - 1] === '.' || nobody.test(text.slice(from, at))) continue;
      host.lastIndex = at + 1;
      if (!host.test(text)) continue;
      report(from, (end = host.lastIndex));
    }
  },
};
