import type { Random } from '@otelier/testing';
import type { Canary, Kind } from './canary.js';

const consonants = ['b', 'd', 'f', 'g', 'k', 'l', 'm', 'n', 'p', 'r', 's', 't', 'v', 'z'];
const vowels = ['a', 'e', 'i', 'o', 'u'];

/** A word of ten letters that no language has. */
export function word(random: Random): string {
  let text = '';
  for (let i = 0; i < 5; i++) text += random.pick(consonants) + random.pick(vowels);
  return text;
}

const prose = (name: string, write: (a: string, b: string, c: string) => string): Kind => ({
  name,
  class: 'content',
  hasForm: false,
  make(random): Canary {
    const [a, b, c] = [word(random), word(random), word(random)];
    const text = write(a, b, c);
    return { text, pieces: [a, b, c], cut: text.indexOf(b) };
  },
});

/** What people and models write: longer than any label, in ordinary words around three that stand nowhere else. */
export const proses: readonly Kind[] = [
  prose(
    'prompt',
    (a, b, c) =>
      `Please tell ${a} that the contract with „${b}“ ends in March, and draft a friendly answer about ${c} for the board.\nThanks!`,
  ),
  prose(
    'file',
    (a, b, c) =>
      `export const ${a} = connect("${b}", { retries: 3 }); // ask before you change this\nexport function ${c}() {\n  return 42;\n}\n`,
  ),
  prose(
    'command',
    (a, b, c) =>
      `git commit -m "Let ${a} pay by invoice, as agreed with ${b} on the phone" && git push origin feature/${c} --force-with-lease`,
  ),
  prose(
    'error',
    (a, b, c) =>
      `ENOENT: no such file or directory, open '/home/dev/projects/${a}/customers/${b}/offers/draft-of-${c}.txt' (while reading the attachments)`,
  ),
];
