import type { Detector } from '../detector.js';
import { isPlaceHolder } from './place-holder.js';

/** How far before an option its command may stand, in UTF-16 units. */
const reach = 400;

/** Options that take a password, by the command that knows them. */
const options: readonly { readonly command: RegExp; readonly option: RegExp }[] = [
  {
    command: /\b(?:curl|wget|https? -a|xh -a)\b/,
    option:
      /\s(?:-u|--user|-a|--auth|--proxy-user)(?:[ =]{1,2}|(?=[^\s-]))\\{0,8}["']?[^\s:"'\\]{0,128}:([^\s"'\\]{3,})/g,
  },
  {
    command: /\b(?:mysql|mysqldump|mysqladmin|mariadb|mariadb-dump)\b/,
    option: /\s-p\\{0,8}["']?([^\s"'\\=-][^\s"'\\]{2,})/g,
  },
  {
    command: /\b(?:sshpass|(?:docker|podman|az|oc) login|helm registry|mongosh?|mongodump|mongorestore)\b/,
    option: /\s-p[ =]\\{0,8}["']?([^\s"'\\:/]{4,})(?![^\s"'\\])/g,
  },
  { command: /\bredis-cli\b/, option: /\s-a[ =]\\{0,8}["']?([^\s"'\\]{4,})/g },
];

/** Passwords that are given to commands by short options: `curl -u user:password`, `mysql -ppassword`, `sshpass -p password`. */
export const commandLine: Detector = {
  name: 'command-line-password',
  class: 'secret',
  clue: {
    literals: [
      ...['curl', 'wget', 'http -a', 'https -a', 'xh -a', 'mysql', 'mariadb', 'sshpass', 'redis-cli'].map((text) => ({
        text,
      })),
      ...['docker login', 'podman login', 'helm registry', 'az login', 'oc login', 'mongo'].map((text) => ({ text })),
    ],
  },
  find(text, report) {
    const found: (readonly [number, number])[] = [];
    for (const { command, option } of options) {
      option.lastIndex = 0;
      for (let match = option.exec(text); match !== null; match = option.exec(text)) {
        const password = match[1]!;
        if (isPlaceHolder(password) || /^\d{1,5}(?::|$)/.test(password)) continue;
        const before = text.slice(Math.max(0, match.index - reach), match.index);
        // The nearest line that is not continued.
        const line = before.slice(1 + Math.max(before.lastIndexOf('\n'), before.lastIndexOf(';')));
        if (command.test(line)) found.push([option.lastIndex - password.length, option.lastIndex]);
      }
    }
    found.sort(([a], [b]) => a - b);
    let end = 0;
    for (const [from, to] of found) if (from >= end) report(from, (end = to));
  },
};

/** Passwords in netrc files: `machine host login name password secret`. */
export const netrc: Detector = {
  name: 'netrc-password',
  class: 'secret',
  clue: { literals: [{ text: 'password', ignoreCase: true }] },
  find(text, report) {
    const expression =
      /\blogin(?:\s|\\[nt]){1,8}[^\s\\]{1,128}(?:\s|\\[nt]){1,8}(?:password|passwd)(?:\s|\\[nt]){1,8}([^\s\\"']{3,})/gi;
    for (let match = expression.exec(text); match !== null; match = expression.exec(text))
      if (!isPlaceHolder(match[1]!)) report(expression.lastIndex - match[1]!.length, expression.lastIndex);
  },
};
