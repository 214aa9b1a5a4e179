// Runs detectors over adversarial texts in a process that can be ended when one of them does not come to an end.
import { Buffer } from 'node:buffer';
import { Detectors, highEntropy, pattern, piiDetectors, secretDetectors } from '../../src/detect/detect.js';

const fill = (piece: string, size: number): string => piece.repeat(Math.ceil(size / piece.length)).slice(0, size);

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
]);

const all = [...secretDetectors, ...piiDetectors, highEntropy()];
const detectors = new Detectors(all);
for (const piece of pieces) {
  // Each one without the prefilter, and all together with everything that may be encoded.
  const shorter = fill(piece, 1 << 17);
  for (const detector of all) detector.find(shorter, () => {});
  const text = fill(piece, 1 << 18);
  const bytes = Buffer.from(text);
  detectors.suspects(bytes, 0, bytes.length);
  detectors.find(text);
  if (process.argv[2] === 'times') console.log(JSON.stringify(piece), process.cpuUsage());
}
const megabyte = 'a'.repeat(1 << 20);
for (const source of ['(a+)+$', '(a*)*b', '(a|a)*c', '(a|aa)+$', 'a.*a.*a.*b', '(?:a?){30}a{30}b', 'b|a'])
  for (const text of [megabyte, `${megabyte}!`]) {
    pattern('mine', source).find(text, () => {});
  }
console.log(`${pieces.size} texts`);
