const unicode = (text: string): string =>
  [...text].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
const percent = (text: string): string =>
  [...Buffer.from(text)].map((c) => `%${c.toString(16).toUpperCase().padStart(2, '0')}`).join('');
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const json = (text: string): string => JSON.stringify({ note: text, n: 1 });

/** Ways in which something private arrives. */
export const encodings: { readonly [name: string]: (text: string) => string } = {
  clear: (text) => text,
  'inside a sentence': (text) => `see ${text} there`,
  'behind a label': (text) => `tool:${text}`,
  JSON: json,
  'JSON as a key': (text) => JSON.stringify({ [text]: 1 }),
  'JSON in JSON': (text) => json(json(text)),
  'JSON in a list in JSON': (text) => JSON.stringify(['a', { b: [text] }]),
  'JSON that was cut off': (text) => json(text).slice(0, -6),
  'unicode-escaped': unicode,
  'JSON, unicode-escaped': (text) => `{"note":"${unicode(text)}"}`,
  'percent-encoded': percent,
  'as a URL does': (text) => `https://example.org/?q=${encodeURIComponent(text)}`,
  base64,
  base64url: (text) => Buffer.from(text).toString('base64url'),
  'base64 of a sentence': (text) => base64(`it is ${text}`),
  'JSON, base64': (text) => json(base64(text)),
};

/** Whether a text can be read out of bytes: in clear, escaped, percent-encoded, in UTF-16, hex, or base64 at any of three offsets. */
export function readable(bytes: Buffer, text: string): string | undefined {
  const raw = bytes.toString('latin1');
  const lower = raw.toLowerCase();
  const utf8 = Buffer.from(text).toString('latin1');
  if (raw.includes(utf8)) return 'clear';
  if (raw.includes(JSON.stringify(text).slice(1, -1))) return 'JSON';
  if (lower.includes(unicode(text).toLowerCase())) return 'unicode';
  if (lower.includes(percent(text).toLowerCase())) return 'percent';
  if (raw.includes(encodeURIComponent(text))) return 'URL';
  if (raw.includes(Buffer.from(text, 'utf16le').toString('latin1'))) return 'UTF-16';
  if (lower.includes(Buffer.from(text).toString('hex'))) return 'hex';
  for (let offset = 0; offset < 3; offset++) {
    // The first and last characters depend on what stands around the text.
    const encoded = base64('x'.repeat(offset) + text).replace(/=+$/, '');
    const core = encoded.slice(offset === 0 ? 0 : offset + 1, -2);
    if (raw.includes(core) || raw.includes(core.replaceAll('+', '-').replaceAll('/', '_'))) return 'base64';
  }
  return undefined;
}
