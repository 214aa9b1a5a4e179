import type { Random } from '@otelier/testing';
import { around, type Canary, type Kind, letters } from './canary.js';
import { word } from './prose.js';

const digits = '0123456789';

const identity = (name: string, hasForm: boolean, make: (random: Random) => Canary): Kind => ({
  name,
  class: 'identity',
  hasForm,
  make,
});

/** Who somebody is. */
export const identities: readonly Kind[] = [
  identity('email', true, (random) => {
    const [user, host] = [word(random), word(random)];
    const text = `${user}@${host}.example.org`;
    return { text, pieces: [user, host], cut: user.length };
  }),
  identity('card', true, card),
  identity('phone', true, (random) => whole(`+1 ${random.between(201, 989)} 555 ${letters(random, 4, digits)}`)),
  identity('ipv4', true, (random) =>
    whole([random.between(20, 99), ...[0, 0, 0].map(() => random.between(100, 254))].join('.')),
  ),
  identity('ipv6', true, (random) => whole(`2001:db8:${[0, 0, 0].map(() => random.hex(4)).join(':')}::1`)),
  identity('name', false, (random) => {
    const capital = (text: string): string => text[0]!.toUpperCase() + text.slice(1);
    const [given, family] = [capital(word(random)), capital(word(random))];
    return { text: `${given} ${family}`, pieces: [given, family], cut: given.length };
  }),
];

/** What is told only by all of it. */
function whole(text: string): Canary {
  return { text, pieces: [text] };
}

/** Sixteen digits in groups of four, the last by Luhn's formula. */
function card(random: Random): Canary {
  const body = `4${letters(random, 14, digits)}`;
  let sum = 0;
  for (const [i, digit] of [...body].entries()) {
    const doubled = Number(digit) * (i % 2 === 0 ? 2 : 1);
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  const number = `${body}${(10 - (sum % 10)) % 10}`;
  const [a, b, c, d] = number.match(/.{4}/g) as [string, string, string, string];
  return around('', `${a} ${b} ${c} ${d}`);
}
