import type { Detector } from '../detector.js';

const start = '(?<!(?<!\\\\)[bfnrt]|[ac-eg-mo-qsu-zA-Z0-9_+]|\\d[ .\\/]|[A-Za-z0-9]-)';
const stop = '(?![A-Za-z0-9_]|[.:]\\d|-[A-Za-z0-9])';

/** The forms that a number is written in; precise rather than greedy. */
const forms: readonly RegExp[] = [
  // E.164 with a plus: +49 171 1234567, +1 (555) 234-5678, +44 (0)20 7946 0958
  `${start}\\+[1-9]\\d{0,14}(?: ?\\(\\d{1,5}\\) ?\\d{1,12})?(?:[ .\\/-]\\d{1,12}){0,6}${stop}`,
  // North America: 555-234-5678, (555) 234-5678, 1.555.234.5678
  `${start}(?:1[ .-])?(?:\\([2-9]\\d\\d\\) ?|[2-9]\\d\\d[ .-])[2-9]\\d\\d[ .-]\\d{4}${stop}`,
  // With the 0 of the country: 0171 2345678, 020 7946 0958, 01 23 45 67 89, 030/1234567
  `${start}(?:0[1-9]\\d{0,4}|\\(0[1-9]\\d{0,4}\\))(?:[ \\/-])\\d{2,8}(?:([ -])\\d{2,8}(?:\\1\\d{2,4}){0,3})?${stop}`,
].map((source) => new RegExp(source, 'g'));

/** Telephone numbers: international with a plus, and the common national ways to write them with separators. */
export const phone: Detector = {
  name: 'phone',
  class: 'identity',
  clue: { shapes: ['number'] },
  find(text, report) {
    const found: (readonly [number, number])[] = [];
    for (const form of forms) {
      form.lastIndex = 0;
      for (let match = form.exec(text); match !== null; match = form.exec(text)) {
        const digits = match[0].replace(/\D/g, '').length;
        if (digits >= (match[0].startsWith('+') ? 8 : 9) && digits <= 15 && !isDate(match[0]))
          found.push([match.index, form.lastIndex]);
      }
    }
    found.sort(([a], [b]) => a - b);
    let end = 0;
    for (const [from, to] of found) {
      if (from < end) continue;
      report(from, (end = to));
    }
  },
};

/** Days and months with a leading zero: 01-02-2025, 2025. */
const isDate = (text: string): boolean => /^0\d[ /-]\d\d[ /-](?:19|20)\d\d/.test(text);
