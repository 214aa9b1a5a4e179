import { get } from 'node:http';
import type { StatusData } from '@otelier/core';
import { UsageError } from '../fail.js';

// A collector that is busy answers late; one whose event loop hangs never does.
const patienceMs = 5000;
// Far above the status of the largest pipeline file.
const maxBytes = 16 * 1024 ** 2;

/** Where `/status` is served at what the user has typed: `host:port` or a URL. */
export function statusUrl(endpoint: string): URL {
  const text = endpoint.includes('://') ? endpoint : `http://${endpoint}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' || url.hostname === '') {
    throw new UsageError("--endpoint: expected host:port such as '127.0.0.1:13133', or an http:// address");
  }
  url.pathname = '/status';
  return url;
}

/** What a collector says of itself; a string says why there was no answer. */
export function ask(url: URL): Promise<StatusData | string> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size > maxBytes) request.destroy(new Error('the answer has no end'));
      });
      response.on('error', (error) => resolve(error.message));
      response.on('end', () => resolve(statusIn(Buffer.concat(chunks)) ?? 'what answers there is not a collector'));
    });
    const late = setTimeout(() => request.destroy(new Error(`no answer within ${patienceMs / 1000} s`)), patienceMs);
    request.on('close', () => clearTimeout(late));
    request.on('error', (error: NodeJS.ErrnoException) => resolve(error.message || (error.code ?? 'no connection')));
  });
}

function statusIn(body: Buffer): StatusData | undefined {
  try {
    const status = JSON.parse(body.toString()) as Partial<StatusData> | null;
    const isStatus = typeof status?.ready === 'boolean' && Array.isArray(status.reasons) && status.components;
    return isStatus ? (status as StatusData) : undefined;
  } catch {
    return undefined;
  }
}
