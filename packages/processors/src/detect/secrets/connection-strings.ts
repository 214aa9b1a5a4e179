import type { Detector } from '../detector.js';
import { looksRandom } from './checksums.js';
import { isPlaceHolder } from './place-holder.js';

/** Passwords, and tokens in a user's place, in URLs: `postgres://user:password@host`. Only what opens the door is covered. */
export const connectionString: Detector = {
  name: 'url-password',
  class: 'secret',
  clue: { shapes: ['userinfo'] },
  find(text, report) {
    const userInfo = /([^\s:@/?#"'<>\\`]{0,256})(?::([^\s/?"'<>\\`]{1,512}))?@(?=[A-Za-z0-9[])/y;
    for (let at = text.indexOf('://'); at >= 0; at = text.indexOf('://', at + 3)) {
      userInfo.lastIndex = at + 3;
      const match = userInfo.exec(text);
      if (match === null) continue;
      const [, user = '', password] = match;
      const from = at + 3 + (password === undefined ? 0 : user.length + 1);
      const secret = password ?? user;
      if (password === undefined ? user.length < 20 || !looksRandom(user) : isPlaceHolder(password)) continue;
      report(from, from + secret.length);
    }
  },
};
