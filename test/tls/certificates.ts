import { mkdtemp, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** A certificate and its key, in PEM form. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

const common = { keyType: 'ec', algorithm: 'sha256' } as const;

/** A new authority, which signs others. */
export async function authority(name = 'test authority'): Promise<Pair> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
    ...common,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return { cert, key };
}

/** A certificate for 127.0.0.1, localhost and a person's address, good for servers and clients. */
export async function issue(ca: Pair, name: string): Promise<Pair> {
  const attributes = [
    { name: 'commonName', value: name },
    { shortName: 'OU', value: 'Platform' },
  ];
  const { cert, private: key } = await generate(attributes, {
    ...common,
    ca,
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: true },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 1, value: `${name}@example.com` },
        ],
      },
    ],
  });
  return { cert, key };
}

/** Files of an authority and a pair, as programs are given them. */
export interface PemPaths {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Writes an authority and a pair to a new directory. */
export async function written(ca: Pair, pair: Pair): Promise<PemPaths> {
  const dir = await mkdtemp(join(tmpdir(), 'otelier-tls-'));
  const paths = { ca: join(dir, 'ca.pem'), cert: join(dir, 'cert.pem'), key: join(dir, 'key.pem') };
  await Promise.all([replace(paths.ca, ca.cert), replace(paths.cert, pair.cert), replace(paths.key, pair.key)]);
  return paths;
}

/** Replaces a file at once, as those who rotate certificates do. */
export async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}
