import { PipelineError } from '@otelier/core';

/** Request headers or gRPC metadata by name. */
export type Headers = Readonly<Record<string, string>>;

/** Headers, or a function that makes them when they are needed, such as a short-lived token. */
export type HeaderSource = Headers | (() => Headers | Promise<Headers>);

const token = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i;
const printable = /^[ -~]*$/;
const ours = new Set(['connection', 'content-encoding', 'content-length', 'content-type', 'te', 'transfer-encoding']);

/** What is wrong with the headers, if anything; never tells a value, which may be a secret. */
export function headerMistake(headers: Headers): { name: string; expected: string } | undefined {
  for (const [name, value] of Object.entries(headers)) {
    if (!token.test(name))
      return { name: JSON.stringify(name), expected: 'a header name (letters, digits and hyphens)' };
    if (name.toLowerCase().endsWith('-bin')) return { name, expected: 'a header whose value is text (not -bin)' };
    if (ours.has(name.toLowerCase())) return { name, expected: 'no such header (the exporter sets it itself)' };
    if (typeof value !== 'string') return { name, expected: 'a string' };
    if (!printable.test(value)) return { name, expected: 'a value of printable ASCII characters' };
  }
  return undefined;
}

/** The headers for the next request. @throws {PipelineError} `unavailable` when their function fails, without its message: it may quote a secret. */
export async function currentHeaders(source: HeaderSource, target: string): Promise<Headers> {
  if (typeof source !== 'function') return source;
  let headers: Headers;
  try {
    headers = await source();
  } catch (error) {
    const kind = error instanceof Error ? error.name : typeof error;
    throw new PipelineError('unavailable', `${target}: the headers function failed (${kind})`, { cause: error });
  }
  const mistake = typeof headers === 'object' && headers !== null ? headerMistake(headers) : undefined;
  if (typeof headers !== 'object' || headers === null || mistake !== undefined) {
    const what = mistake === undefined ? 'an object' : `for ${mistake.name} ${mistake.expected}`;
    throw new PipelineError('internal', `${target}: expected of the headers function ${what}`);
  }
  return headers;
}
