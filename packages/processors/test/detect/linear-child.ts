// Runs detectors over adversarial texts in a process that can be ended when one of them does not come to an end.
import { Buffer } from 'node:buffer';
import { Detectors, highEntropy, pattern, piiDetectors, secretDetectors } from '../../src/detect/detect.js';
import { identitySamples } from './identities.js';
import { secretSamples } from './secrets.js';

const size = 1 << 20;
const fill = (piece: string): string => piece.repeat(Math.ceil(size / piece.length)).slice(0, size);

/** What each rule begins with, what it nearly ends with, and what its classes are made of. */
const pieces = new Set([
  ...[
    'a',
    'A',
    '1',
    ' ',
    '-',
    '_',
    '.',
    '/',
    '\\',
    '"',
    "'",
    '=',
    '@',
    ':',
    '+',
    '%',
    '%41',
    '\\u0041',
    '\\n',
    '(',
    'é',
    '\n',
  ],
  ...['a.', '1.', '1-', '1 ', '1:', '::', 'a:', 'f:', 'a@', 'a@a.', '+1 ', '0171 ', '555-', '4111 ', 'GB82 '],
  ...[
    'eyJ',
    'eyJ.',
    '.eyJ',
    'sk-',
    'sk-a',
    'T3BlbkFJ',
    'SG.',
    'xoxb-',
    'ghp_',
    'ghs_1.',
    'AKIA',
    '-us1',
    '0Q~',
    ':AA',
    'AZDO',
    'JQQJ99',
  ],
  ...[
    '-----BEGIN PRIVATE KEY',
    '-----END PRIVATE KEY',
    '-----BEGIN RSA PRIVATE KEY-----\nAAAA\n',
    'Private-Lines: 1\n',
  ],
  ...[
    '://',
    '://a:',
    '://a:b@',
    'password',
    'password=',
    'password="',
    'password=\\"',
    "token='x ",
    'token:',
    'secret ',
    '--token ',
    'pwd=(',
  ],
  ...[
    'authorization',
    'authorization:',
    'authorization: digest ',
    'bearer ',
    'basic ',
    'cookie: a=',
    'cookie: a=bbbbbb;',
  ],
  ...[
    'curl ',
    ' -u a:',
    ' -p x',
    'mysql -p',
    'login a password ',
    'tokensecretkey',
    'hooks.slack.com/services/',
    '/api/webhooks/1',
  ],
  ...[...secretSamples(), ...identitySamples].flatMap(({ secret, text }) => [secret, secret.slice(0, -1), `${text} `]),
]);

const all = [
  ...secretDetectors,
  ...piiDetectors,
  highEntropy(),
  pattern('mine', '(a+)+$'),
  pattern('mine', '(x+x+)+y'),
];
const detectors = new Detectors(all);
const only = process.argv[2];
for (const piece of pieces) {
  const text = fill(piece);
  const bytes = Buffer.from(text);
  for (const detector of all) if (only === undefined || detector.name === only) detector.find(text, () => {});
  detectors.suspects(bytes, 0, bytes.length);
  detectors.find(text);
  process.stdout.write('.');
}
process.stdout.write(`\n${pieces.size} texts\n`);
