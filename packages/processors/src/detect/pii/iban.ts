import type { Detector } from '../detector.js';

/** Length of an account number in each country that has joined (ISO 13616 registry). */
const lengths: Readonly<Record<string, number>> = Object.fromEntries(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 ' +
    'GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 MC27 MD24 ' +
    'ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 ' +
    'TR26 UA29 VA22 VG24 XK20'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

/** International bank account numbers: a country, its length, and the check digits (ISO 13616, modulo 97). */
export const iban: Detector = {
  name: 'iban',
  class: 'identity',
  clue: { shapes: ['iban'] },
  find(text, report) {
    const expression = /(?<!(?<!\\)[bfnrt]|[ac-eg-mo-qsu-zA-Z0-9_])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}/g;
    for (let match = expression.exec(text); match !== null; match = expression.exec(text)) {
      const length = lengths[match[0].slice(0, 2)];
      if (length === undefined) continue;
      // Behind the number a word in capitals may follow: as many characters as the country has, and then no more of a word.
      let to = match.index;
      for (let count = 0; count < length && to < expression.lastIndex; to++) if (text[to] !== ' ') count++;
      const number = text.slice(match.index, to).replaceAll(' ', '');
      if (number.length === length && !/[A-Za-z0-9_]/.test(text[to] ?? '') && isChecked(number))
        report(match.index, to);
    }
  },
};

function isChecked(number: string): boolean {
  let remainder = 0;
  for (const character of number.slice(4) + number.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder === 1;
}
