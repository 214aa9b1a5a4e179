import { crc32 } from 'node:zlib';
import type { Random } from '@otelier/testing';
import { around, type Canary, type Kind, letters } from './canary.js';

const digits = '0123456789';
const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const lower = 'abcdefghijklmnopqrstuvwxyz';
const base62 = digits + upper + lower;
const base32 = `${upper}234567`;

const secret = (name: string, make: (random: Random) => Canary): Kind => ({
  name,
  class: 'secret',
  hasForm: true,
  make,
});

/** Keys and passwords in the forms that providers document, with their checksums; none of them opens anything. */
export const secrets: readonly Kind[] = [
  secret('github-token', (random) => checked('ghp_', random)),
  secret('anthropic-key', (random) => around('sk-ant-api03-', letters(random, 93, base62), 'AA')),
  secret('aws-access-key', (random) => around('AKIA', letters(random, 16, base32))),
  secret('npm-token', (random) => checked('npm_', random)),
  secret('stripe-key', (random) => around('sk_live_', letters(random, 24, base62))),
  secret('slack-token', (random) =>
    around(`xoxb-${letters(random, 12, digits)}-${letters(random, 12, digits)}-`, letters(random, 24, base62)),
  ),
  secret('gitlab-token', (random) => around('glpat-', letters(random, 20, base62))),
  secret('google-api-key', (random) => around('AIza', letters(random, 35, base62))),
  secret('openai-key', (random) =>
    around(`sk-proj-${letters(random, 74, base62)}T3BlbkFJ`, letters(random, 74, base62)),
  ),
  secret('jwt', jwt),
  secret('private-key', pem),
  secret('connection-string', (random) =>
    around('postgres://billing:', letters(random, 24, base62), '@db.internal:5432/billing'),
  ),
  secret('authorization-header', (random) => around('Authorization: Bearer ', letters(random, 40, base62))),
  secret('password', (random) => around('password=', letters(random, 20, base62))),
];

/** As GitHub and npm write them: 30 characters, and their CRC-32 in six of base 62. */
function checked(prefix: string, random: Random): Canary {
  const body = letters(random, 30, base62);
  let sum = crc32(body);
  let check = '';
  while (check.length < 6) {
    check = base62[sum % 62] + check;
    sum = Math.floor(sum / 62);
  }
  return around(prefix, body, check);
}

function jwt(random: Random): Canary {
  const part = (content: object): string => Buffer.from(JSON.stringify(content)).toString('base64url');
  const claims = { sub: letters(random, 12, digits), iat: 1_700_000_000 };
  return around(`${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}.`, letters(random, 43, base62));
}

function pem(random: Random): Canary {
  const lines = Array.from({ length: 4 }, () => letters(random, 64, base62));
  const text = ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n');
  return { text, pieces: lines, cut: text.indexOf(lines[2]!) };
}
