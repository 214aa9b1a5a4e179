import { isIPv6 } from 'node:net';
import type { Detector } from '../detector.js';
import { wordStart } from '../prefilter/alphabets.js';

/** IPv4 addresses that tell who or where somebody is: not loopback, link-local, multicast, masks, nor `x.0.0.0`, which is a version or a network. */
export const ipv4: Detector = {
  name: 'ipv4',
  class: 'identity',
  clue: { shapes: ['number'] },
  find(text, report) {
    const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
    const expression = new RegExp(
      `${wordStart}(?<!\\.|[A-Za-z]\\/)${octet}(?:\\.${octet}){3}(?![A-Za-z0-9_]|-[A-Za-z]|\\.\\d)`,
      'g',
    );
    for (let match = expression.exec(text); match !== null; match = expression.exec(text)) {
      if (/^(?:0|127|22[4-9]|2[3-5]\d)\.|^169\.254\.|\.0\.0\.0$/.test(match[0])) continue;
      if (
        /(?:version|release|\bver|\bv)["'\\]{0,4}[ :=]{1,3}["']?$/i.test(
          text.slice(Math.max(0, match.index - 20), match.index),
        )
      )
        continue;
      report(match.index, expression.lastIndex);
    }
  },
};

/** IPv6 addresses (RFC 4291), other than the loopback, unspecified and link-local ones. */
export const ipv6: Detector = {
  name: 'ipv6',
  class: 'identity',
  clue: { shapes: ['colons'] },
  find(text, report) {
    const expression = new RegExp(
      `${wordStart}(?<![:.])(?:[0-9A-Fa-f]{1,4}:{1,2}|::)(?:[0-9A-Fa-f]{1,4}:{1,2}){0,7}(?:(?<=:)\\d{1,3}(?:\\.\\d{1,3}){3}|[0-9A-Fa-f]{1,4})?(?![A-Za-z0-9_:])`,
      'g',
    );
    for (let match = expression.exec(text); match !== null; match = expression.exec(text)) {
      const groups = match[0].split(/::?/).length;
      // a::b may be an address, but is a name in somebody's code.
      if (groups < 4 && !(/[0-9]/.test(match[0]) && /[0-9A-Fa-f]{3}/.test(match[0]))) continue;
      if (!isIPv6(match[0]) || /^(?:::1?$|fe80:|(?:0+:){7}0*1?$)/i.test(match[0])) continue;
      report(match.index, expression.lastIndex);
    }
  },
};
