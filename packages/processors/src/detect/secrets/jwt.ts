import { Buffer } from 'node:buffer';
import type { Detector } from '../detector.js';

/** JSON Web Tokens: two or more parts in base64url, the first a JSON object that names an algorithm. */
export const jwt: Detector = {
  name: 'jwt',
  class: 'secret',
  clue: { literals: [{ text: 'eyJ', followedBy: { of: 'url', min: 10 } }] },
  find(text, report) {
    // Starts only where a word starts: otherwise every eyJ in a long run would look at the rest of the run.
    const expression = /(?<!(?<!\\)[bfnrt]|[ac-eg-mo-qsu-zA-Z0-9_-])(eyJ[A-Za-z0-9_-]{10,})(?:\.[A-Za-z0-9_-]*){1,4}/g;
    for (let match = expression.exec(text); match !== null; match = expression.exec(text))
      if (namesAlgorithm(match[1]!)) report(match.index, expression.lastIndex);
  },
};

function namesAlgorithm(header: string): boolean {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(header, 'base64url').toString());
    return typeof parsed === 'object' && parsed !== null && 'alg' in parsed;
  } catch {
    return false;
  }
}
