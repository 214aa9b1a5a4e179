import type { Detector } from '../detector.js';

/** First digits of the issuers and how long their numbers are (ISO/IEC 7812). */
const issuers: readonly (readonly [prefix: RegExp, lengths: readonly number[]])[] = [
  [/^4/, [13, 16, 19]], // Visa
  [/^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]], // Mastercard
  [/^3[47]/, [15]], // American Express
  [/^(?:6011|64[4-9]|65)/, [16, 19]], // Discover
  [/^(?:36|38|39|30[0-59])/, [14, 16]], // Diners Club
  [/^35(?:2[89]|[3-8])/, [16, 19]], // JCB
  [/^62/, [16, 17, 18, 19]], // UnionPay
  [/^(?:50|5[6-8]|6(?:304|7))/, [13, 15, 16, 18, 19]], // Maestro
];

/** Payment card numbers: an issuer's first digits and length, and the Luhn check digit. */
export const card: Detector = {
  name: 'card',
  class: 'identity',
  clue: { shapes: ['number'] },
  find(text, report) {
    // Joined by the same single separator, or not at all; neither part of a longer number nor of a word.
    const expression =
      /(?<!(?<!\\)[bfnrt]|[ac-eg-mo-qsu-zA-Z0-9_]|\d\.|[A-Za-z0-9]-)([2-6]\d{3}(?:(?:\d{9,15})|([ -])\d{3,6}(?:\2\d{1,6}){1,3}))(?![A-Za-z0-9_]|\.\d|-[A-Za-z0-9])/g;
    for (let match = expression.exec(text); match !== null; match = expression.exec(text)) {
      const digits = match[1]!.replace(/[ -]/g, '');
      if (issuers.some(([prefix, lengths]) => lengths.includes(digits.length) && prefix.test(digits)) && luhn(digits))
        report(match.index, expression.lastIndex);
    }
  },
};

/** Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B), and the number is not one digit repeated. */
function luhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    sum += i % 2 === 0 ? digit : digit > 4 ? 2 * digit - 9 : 2 * digit;
  }
  return sum % 10 === 0 && new Set(digits).size > 1;
}
