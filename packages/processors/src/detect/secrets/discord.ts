import { Buffer } from 'node:buffer';
import type { Detector } from '../detector.js';

/** Tokens of Discord's bots: the bot's number in base64, a time and a signature, joined by dots. */
export const discordToken: Detector = {
  name: 'discord-token',
  class: 'secret',
  clue: { shapes: ['dots'] },
  find(text, report) {
    const expression =
      /(?<![A-Za-z0-9_.-])([A-Za-z0-9]{20,30})\.[A-Za-z0-9_-]{6,7}\.[A-Za-z0-9_-]{27,40}(?![A-Za-z0-9_-])/g;
    for (let match = expression.exec(text); match !== null; match = expression.exec(text))
      if (/^\d{15,21}$/.test(Buffer.from(match[1]!, 'base64').toString('latin1')))
        report(match.index, expression.lastIndex);
  },
};
