import { MadeUp } from './made-up.js';

/** A secret or an identity, the text that it stands in, and the rule that should tell. */
export interface Sample {
  readonly rule: string;
  readonly secret: string;
  readonly text: string;
}

/**
 * Secrets in the forms that their providers document, also in those of the rule sets of GitHub secret scanning, gitleaks, detect-secrets
 * and secretlint. The values are made up, and put together here so that scanners of this repository find none.
 */
export function secretSamples(): Sample[] {
  const m = new MadeUp();
  const samples: Sample[] = [];
  const add = (rule: string, secret: string, text: (secret: string) => string = (s) => s): void => {
    samples.push({ rule, secret, text: text(secret) });
  };
  const p = (...parts: string[]): string => parts.join('');
  const b64 = (text: string): string => Buffer.from(text).toString('base64');
  const b64url = (text: string): string => Buffer.from(text).toString('base64url');

  // Code and packages
  for (const kind of ['p', 'o', 'u', 's', 'r'])
    add('github-token', p('gh', kind, '_', m.base62(36)), (s) => `git clone https://x:${s}@github.com/a/b`);
  add(
    'github-token',
    p('gh', 's_', '123456_', b64url('{"alg":"RS256","typ":"JWT"}'), '.', m.url(180), '.', m.url(200)),
    (s) => `GH_TOKEN: ${s}`,
  );
  add('github-token', p('gh', 'p_', m.base62(36)), (s) => `{"command":"gh auth login --with-token <<< ${s}\\n"}`);
  add('github-fine-grained-token', p('github', '_pat_', m.base62(22), '_', m.base62(59)));
  for (const kind of ['glpat-', 'gldt-', 'glrt-', 'glcbt-', 'glptt-', 'glft-', 'glagent-', 'gloas-'])
    add('gitlab-token', p(kind.slice(0, 2), kind.slice(2), m.url(20)), (s) => `PRIVATE-TOKEN header is ${s} here`);
  add('gitlab-token', p('GR', '1348941', m.url(20)));
  add('atlassian-token', p('ATA', 'TT3xFfGF0', m.url(171), '=', m.upper(8)));
  add('bitbucket-token', p('AT', 'BB', m.base62(32)));
  add('npm-token', p('np', 'm_', m.base62(36)), (s) => `//registry.example.org/:_authToken=${s}`);
  add('pypi-token', p('py', 'pi-AgEIcHlwaS5vcmc', m.url(140)));
  add('rubygems-token', p('ruby', 'gems_', m.hex(48)));
  add('crates-token', p('c', 'io', m.base62(32)));
  add('nuget-token', p('o', 'y2', m.of('abcdefghijklmnopqrstuvwxyz234567', 43)));
  add('docker-token', p('dckr', '_pat_', m.url(27)), (s) => `docker login -u me --password-stdin <<< '${s}'`);

  // Models
  for (const kind of ['api03', 'admin01', 'oat01'])
    add('anthropic-token', p('sk', '-ant-', kind, '-', m.url(93), 'AA'), (s) => `export ANTHROPIC_API_KEY="${s}"`);
  add('openai-key', p('sk', '-', m.base62(20), 'T3Blbk', 'FJ', m.base62(20)));
  add('openai-token', p('sk', '-proj-', m.url(74), 'T3Blbk', 'FJ', m.url(74)));
  add('openai-token', p('sk', '-svcacct-', m.url(74), 'T3Blbk', 'FJ', m.url(74)), (s) => `openai.api_key = '${s}'`);
  add('sk-token', p('sk', '-', m.hex(32)), (s) => `DEEPSEEK ${s}`);
  add('openrouter-token', p('sk', '-or-v1-', m.hex(64)));
  add('hugging-face-token', p('h', 'f_', m.base62(34)), (s) => `HfApi(token=${JSON.stringify(s)})`);
  add('groq-token', p('gs', 'k_', m.base62(52)));
  add('replicate-token', p('r', '8_', m.base62(37)));
  add('perplexity-token', p('pp', 'lx-', m.base62(48)));

  // Clouds
  for (const kind of ['AKIA', 'ASIA', 'ABIA', 'ACCA'])
    add('aws-access-key-id', p(kind.slice(0, 2), kind.slice(2), m.base32(16)), (s) => `aws_access_key_id = ${s}`);
  add('assigned-secret', p(m.base64(39), '+'), (s) => `aws_secret_access_key = ${s}\nregion = eu-central-1`);
  add('assigned-secret', p('/', m.base64(39)), (s) => `export AWS_SECRET_ACCESS_KEY=${s}`);
  add('assigned-secret', p(m.base64(300)), (s) => `AWS_SESSION_TOKEN=${s}`);
  add('google-api-key', p('AI', 'za', m.url(35)), (s) => `https://maps.googleapis.com/maps/api/js?key=${s}&v=3`);
  add('google-oauth-token', p('ya', '29.', m.url(120)));
  add('google-client-secret', p('GOC', 'SPX-', m.url(28)));
  add('google-refresh-token', p('1/', '/0', m.url(60)));
  add(
    'azure-storage-key',
    p('Account', 'Key=', m.base64(86), '=='),
    (s) => `DefaultEndpointsProtocol=https;AccountName=x;${s};EndpointSuffix=core.windows.net`,
  );
  add(
    'azure-storage-key',
    p('SharedAccess', 'Key=', m.base64(43), '='),
    (s) => `Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Root;${s}`,
  );
  add(
    'azure-signature',
    p('&s', 'ig=', m.base62(40), '%2F', m.base62(1), '%3D'),
    (s) => `https://x.blob.core.windows.net/c?sv=2022-11-02&se=2025-01-01${s}`,
  );
  add('azure-client-secret', p(m.base62(3), '8', 'Q~', m.base62(34)));
  add('digitalocean-token', p('dop', '_v1_', m.hex(64)));
  add('heroku-token', p('HR', 'KU-', m.uuid()));
  add('databricks-token', p('da', 'pi', m.hex(32), '-2'));
  add('vault-token', p('hv', 's.', m.url(95)));
  add('vault-token', p('hv', 'b.', m.url(140)));
  add('doppler-token', p('dp', '.pt.', m.base62(43)));
  add('pulumi-token', p('pu', 'l-', m.hex(40)));
  add('supabase-token', p('sb', 'p_', m.hex(40)));
  add('terraform-token', p(m.base62(14), '.atlas', 'v1.', m.url(67)));
  add('cloudflare-token', p('cf', 'ut_', m.base62(40), m.hex(8)));
  add('cloudflare-origin-key', p('v1', '.0-', m.hex(24), '-', m.hex(146)));
  add('tailscale-token', p('ts', 'key-auth-', m.base62(12), 'CNTRL-', m.base62(32)));
  add('netlify-token', p('nf', 'p_', m.base62(36)));
  add('planetscale-token', p('pscale', '_tkn_', m.url(43)));
  add('age-key', p('AGE-SECRET', '-KEY-1', m.of('QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L', 58)));

  // Services
  for (const kind of ['xoxb', 'xoxp', 'xoxa'])
    add('slack-token', p(kind.slice(0, 2), kind.slice(2), '-', m.digits(12), '-', m.digits(12), '-', m.base62(24)));
  add('slack-token', p('xa', 'pp-1-A', m.upper(10), '-', m.digits(13), '-', m.hex(64)));
  add(
    'slack-webhook',
    p('hooks.', 'slack.com/services/T', m.upper(8), '/B', m.upper(10), '/', m.base62(24)),
    (s) => `curl -X POST https://${s}`,
  );
  add(
    'discord-webhook',
    p('/api/', 'webhooks/', m.of('123456789', 18), '/', m.url(68)),
    (s) => `https://discord.com${s}`,
  );
  add('discord-token', p(b64('1123456789012345678').replace(/=+$/, ''), '.', m.url(6), '.', m.base62(38)));
  add('telegram-token', p(':A', 'A', m.url(33)), (s) => `https://api.telegram.org/bot7123456789${s}/getMe`);
  for (const kind of ['sk_live_', 'rk_live_', 'sk_test_', 'whsec_'])
    add('stripe-key', p(kind.slice(0, 3), kind.slice(3), m.base62(32)));
  add('twilio-key', p('S', 'K', m.hex(32)));
  add('twilio-key', p('A', 'C', m.hex(32)));
  add('sendgrid-token', p('S', 'G.', m.url(22), '.', m.url(43)));
  add('mailgun-key', p('ke', 'y-', m.hex(32)));
  add('mailchimp-key', p(m.hex(32), '-u', 's14'));
  add('new-relic-key', p('NR', 'AK-', m.upper(27)));
  add('grafana-token', p('gl', 'sa_', m.base62(32), '_', m.hex(8)));
  add('grafana-token', p('gl', 'c_', b64(`{"o":"123456","n":"stack","k":"${m.base62(24)}"}`)));
  add('linear-token', p('lin', '_api_', m.base62(40)));
  add('notion-token', p('nt', 'n_', m.base62(46)));
  add('notion-token', p('sec', 'ret_', m.base62(43)));
  for (const kind of ['shpat_', 'shpca_', 'shppa_', 'shpss_'])
    add('shopify-token', p(kind.slice(0, 3), kind.slice(3), m.hex(32)));
  add('square-token', p('sq', '0atp-', m.url(22)));
  add('square-access-token', p('EA', 'AA', m.url(60)));
  add('postman-token', p('PM', 'AK-', m.hex(24), '-', m.hex(34)));
  add(
    'sentry-token',
    p(
      'sn',
      'trys_',
      b64(`{"iat":1700000000.1,"url":"https://sentry.io","org":"o"}`).replace(/=+$/, ''),
      '_',
      m.base64(43),
    ),
  );
  add('airtable-token', p('pa', 't', m.base62(14), '.', m.hex(64)));
  add('figma-token', p('fi', 'gd_', m.url(40)));
  add('brevo-key', p('xkey', 'sib-', m.hex(64), '-', m.base62(16)));
  add('sonar-token', p('sq', 'p_', m.hex(40)));
  add(
    'onepassword-token',
    p('op', 's_', b64url(`{"signInAddress":"x.1password.com","secretKey":"A3-${m.upper(40)}"}`.repeat(2))),
  );
  add(
    'onepassword-key',
    p('A', '3-', m.upper(6), '-', m.upper(6), '-', m.upper(5), '-', m.upper(5), '-', m.upper(5), '-', m.upper(5)),
  );
  add('assigned-secret', m.hex(32), (s) => `DD_API_KEY=${s} datadog-agent run`);

  // Forms without a provider
  const lines = Array.from({ length: 6 }, () => m.base64(64));
  for (const kind of ['RSA ', 'EC ', 'OPENSSH ', 'ENCRYPTED ', '']) {
    const armour = (end: string) =>
      [
        `-----BEGIN ${kind}PRIVATE`,
        ` KEY-----${end}`,
        lines.join(end),
        `${end}-----END ${kind}PRIVATE`,
        ' KEY-----',
      ].join('');
    add('private-key', armour('\n'));
    add('private-key', armour('\\n'), (s) => `{"private_key":"${s}\\n","client_email":""}`);
  }
  add(
    'private-key',
    p('-----BEGIN PGP PRIVATE', ` KEY BLOCK-----\n\n${lines.join('\n')}\n-----END PGP PRIVATE`, ' KEY BLOCK-----'),
  );
  add(
    'private-key',
    p('-----BEGIN RSA PRIVATE', ` KEY-----\n${lines.slice(0, 2).join('\n')}`),
    (s) => `cat id_rsa\n${s}`,
  );
  add('private-key', p(`${lines.slice(3).join('\n')}\n-----END RSA PRIVATE`, ' KEY-----'));
  add(
    'putty-key',
    p('Private', `-Lines: 2\n${lines.slice(0, 2).join('\n')}`),
    (s) => `PuTTY-User-Key-File-3: ssh-ed25519\n${s}\nPrivate-MAC: 00`,
  );
  const jwt = [b64url('{"alg":"HS256","typ":"JWT"}'), b64url('{"sub":"1234567890","iat":1516239022}'), m.url(43)].join(
    '.',
  );
  add('jwt', jwt, (s) => `id=${s}`);
  add('jwt', jwt, (s) => `{"t":"\\n${s}"}`);
  add('url-password', 'hunter2', (s) => `DATABASE_URL=postgres://app:${s}@db.internal:5432/app`);
  add('url-password', p('p%40ss', 'w0rd!'), (s) => `mongodb+srv://root:${s}@cluster0.mongodb.net/?retryWrites=true`);
  add('url-password', m.base62(20), (s) => `redis://:${s}@cache:6379/0`);
  add('url-password', m.base62(24), (s) => `amqps://svc:${s}@mq/vhost`);
  add('url-password', m.hex(40), (s) => `git remote set-url origin https://${s}@git.example.org/a.git`);
  add('authorization', m.base62(32), (s) => `curl -H "Authorization: Bearer ${s}" https://api.example.org`);
  add('authorization', b64('bob:hunter2'), (s) => `authorization: Basic ${s}`);
  add('authorization', m.hex(40), (s) => `{\\"Authorization\\": \\"Token ${s}\\"}`);
  add('authorization', m.base62(30), (s) => `headers["authorization"] = "${s}"`);
  add(
    'authorization',
    `username="bob", realm="x", nonce="${m.hex(16)}", response="${m.hex(32)}"`,
    (s) => `Authorization: Digest ${s}\r\nHost: x`,
  );
  add('authorization', m.url(40), (s) => `sent bearer ${s} to the API`);
  add('cookie', `sid=${m.base62(32)}; csrf=${m.hex(16)}`, (s) => `Cookie: ${s}\r\nAccept: */*`);
  add('cookie', `session=${m.base62(24)}`, (s) => `Set-Cookie: ${s}; Path=/; HttpOnly`);
  add('assigned-secret', 'hunter2', (s) => `password=${s}`);
  add('assigned-secret', 'correct horse battery staple', (s) => `passphrase: "${s}"`);
  add('assigned-secret', 'S3cr3t!pw', (s) => `{"username":"bob","password":"${s}"}`);
  add('assigned-secret', 'S3cr3t!pw', (s) => `{\\"username\\":\\"bob\\",\\"password\\":\\"${s}\\"}`);
  add('assigned-secret', 'S3cr3t!pw', (s) => `{\\\\\\"password\\\\\\": \\\\\\"${s}\\\\\\"}`);
  add('assigned-secret', 'letmein', (s) => `db:\n  user: app\n  password: ${s}\n`);
  add('assigned-secret', 'letmeinplease', (s) => `export DB_PASSWORD=${s} && npm start`);
  add('assigned-secret', m.base62(24), (s) => `const clientSecret = '${s}';`);
  add('assigned-secret', m.base62(24), (s) => `<add key="x"/><apiKey>${s}</apiKey>`);
  add('assigned-secret', m.hex(40), (s) => `X-Api-Key: ${s}`);
  add('assigned-secret', m.base62(20), (s) => `deploy --token ${s} --verbose`);
  add('assigned-secret', 'hunter2', (s) => `createuser --password ${s} bob`);
  add('assigned-secret', m.base62(20), (s) => `["--api-key","${s}"]`);
  add('assigned-secret', m.base62(20), (s) => `https://x.example.org/cb?access_token=${s}&state=1`);
  add('assigned-secret', b64('hunter2hunter2'), (s) => `kind: Secret\ndata:\n  password: ${s}\n`);
  add('assigned-secret', 'tr0ub4dor&3', (s) => `PGPASSWORD='${s}' psql -h db`);
  add('assigned-secret', b64(`bob:${m.base62(12)}`), (s) => `//registry.example.org/:_auth=${s}`);
  add('assigned-secret', 'hunter2', (s) => `Server=db;Database=x;User Id=sa;Password=${s};`);
  add('command-line-password', 'hunter2', (s) => `curl -u bob:${s} https://example.org`);
  add('command-line-password', 'hunter2', (s) => `curl --silent --user "bob:${s}" https://example.org`);
  add('command-line-password', 'hunter2', (s) => `mysql -h db -u root -p${s} app`);
  add('command-line-password', 'hunter2', (s) => `sshpass -p '${s}' ssh bob@host`);
  add('command-line-password', 'hunter2', (s) => `docker login -u bob -p ${s} registry.example.org`);
  add('command-line-password', 'hunter2', (s) => `redis-cli -h cache -a ${s} ping`);
  add('netrc-password', 'hunter2', (s) => `machine api.heroku.com\n  login bob\n  password ${s}\n`);
  return samples;
}
