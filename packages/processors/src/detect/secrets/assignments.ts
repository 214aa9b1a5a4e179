import type { Detector } from '../detector.js';
import type { Literal } from '../prefilter/clue.js';
import { endOf, isSecretValue, readValue } from './value.js';

const keys = [
  'api',
  'access',
  'private',
  'secret',
  'signing',
  'encryption',
  'master',
  'account',
  'auth',
  'app',
  'service',
];
const literals: readonly Literal[] = [
  'password',
  'passwd',
  'passphrase',
  'passcode',
  'passwort',
  'pwd',
  '_pass',
  'secret',
  'token',
  'credential',
  '_auth',
  ...keys.flatMap((each) => ['', '_', '-', '.'].map((joint) => `${each}${joint}key`)),
].map((text) => ({ text, ignoreCase: true, followedBy: 'value' }));

/** Names of what opens doors, as they end: what comes before, `DB_` or `my`, does not matter. */
const name = [
  '(?:(pass(?:word|wd|phrase|code|wort)|pwd|(?<=_)pass)',
  `|secret|token|credentials?|(?<![A-Za-z0-9])_auth|(?:${keys.join('|')})[_.-]?key)`,
  '(?:[_.-]?(?:key|value|hash|base|prod|dev|test|staging|live|old|new|[0-9]{1,2}))?',
].join('');
/** Between name and value: `=`, `:`, `=>`, `:=`, or the `>` of an element, around quotes that may be escaped. */
const sign = '\\\\{0,8}["\'`]?\\]?\\s{0,4}(?:=>|:=|[:=>])=?\\s{0,4}';
/** Between an option of a command line and its value. */
const blank = '\\\\{0,8}["\']?(?:\\s{0,4},\\s{0,4}|\\s{1,4})';

/** Values that are given to names such as `password`, `DB_PASS`, `api_key` and `clientSecret`: in shell, env files, JSON, YAML, code, XML and on command lines. */
export const assignment: Detector = {
  name: 'assigned-secret',
  class: 'secret',
  clue: { literals },
  find(text, report) {
    const expression = new RegExp(`${name}(?:(${sign})|(${blank}))`, 'gi');
    let end = 0;
    for (let match = expression.exec(text); match !== null; match = expression.exec(text)) {
      const [, password, signed] = match;
      if (match.index < end) continue;
      const start = nameStart(text, match.index);
      if (signed === undefined && text[start] !== '-') continue;
      const value = readValue(text, expression.lastIndex);
      const context = {
        isPassword: password !== undefined,
        isPhrase: password?.toLowerCase() === 'passphrase',
        isLoud: /^[A-Z0-9_]+$/.test(text.slice(start, match.index + 3)) && signed === '=',
        isOption: text[start] === '-',
        isWholeName: start === match.index,
        isTight: signed !== undefined && !/\s/.test(signed),
      };
      // An assignment in a value, `{"token": {"password": …`, is found by itself.
      if (value === undefined || !isSecretValue(value, context)) continue;
      report(value.from, (end = endOf(text, value)));
      expression.lastIndex = Math.max(expression.lastIndex, end);
    }
  },
};

/** Where the name begins that a keyword at `i` ends, at most 40 characters before. */
function nameStart(text: string, i: number): number {
  let start = i;
  while (start > 0 && i - start < 40 && /[A-Za-z0-9_.-]/.test(text[start - 1]!)) start--;
  // The letter of an escape is none of the name.
  return start > 0 && start < i && text[start - 1] === '\\' && /[bfnrt]/.test(text[start]!) ? start + 1 : start;
}
