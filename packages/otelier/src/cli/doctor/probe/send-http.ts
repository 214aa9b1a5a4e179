import * as http from 'node:http';
import * as https from 'node:https';
import { decodeExportResponse, decodeStatus } from '@otelier/otlp';
import { type Answer, silenceOf } from './answer.js';
import type { Request } from './send.js';

/** Bodies of answers beyond this are not read. */
const maxAnswerBytes = 64 * 1024;

/** Sends one request by OTLP over HTTP. */
export function sendHttp({ signal, protocol, url, headers, body, tls, timeoutMs }: Request): Promise<Answer> {
  const isTls = url.protocol === 'https:';
  const encoding = protocol === 'http/json' ? 'json' : 'protobuf';
  return new Promise((resolve) => {
    const fail = (error: unknown): void => resolve({ kind: 'silent', why: silenceOf(error) });
    try {
      const outgoing = (isTls ? https : http).request(url, {
        method: 'POST',
        agent: false,
        auth: '',
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          ...headers,
          'content-type': encoding === 'json' ? 'application/json' : 'application/x-protobuf',
          'content-length': body.length,
        },
        ...(isTls ? tls : {}),
      });
      outgoing.on('response', (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        const done = (): void =>
          resolve(
            response.complete
              ? read(response, Buffer.concat(chunks), signal)
              : { kind: 'silent', why: 'connection-lost' },
          );
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size <= maxAnswerBytes) chunks.push(chunk);
          else outgoing.destroy();
        });
        response.on('end', done);
        response.on('error', done);
        response.on('close', done);
      });
      outgoing.on('error', (error) => {
        if (error.name === 'AbortError' || error.name === 'TimeoutError') resolve({ kind: 'silent', why: 'time-out' });
        // A server that closes without a word speaks something else.
        else if ('code' in error && error.code === 'ECONNRESET') resolve({ kind: 'silent', why: 'not-this-protocol' });
        else fail(error);
      });
      outgoing.end(body);
    } catch (error) {
      fail(error);
    }
  });
}

function read(response: http.IncomingMessage, body: Buffer, signal: Request['signal']): Answer {
  const status = response.statusCode ?? 0;
  const code = `HTTP ${status}`;
  const type = response.headers['content-type'] ?? '';
  const encoding = /json/.test(type) ? 'json' : /protobuf/.test(type) ? 'protobuf' : undefined;
  try {
    if (status === 200) {
      // Some backends answer success without a body or a type.
      if (encoding === undefined) return body.length === 0 ? { kind: 'accepted' } : { kind: 'foreign', code };
      const partial = decodeExportResponse(signal, body, encoding);
      return partial === undefined ? { kind: 'accepted' } : { kind: 'partial', ...partial };
    }
    if (status > 200 && status < 300 && body.length === 0) return { kind: 'accepted' };
    if (status === 404 || status === 405 || (status >= 300 && status < 400)) return { kind: 'foreign', code };
    const message = encoding === undefined ? '' : decodeStatus(body, encoding).message;
    return { kind: 'refused', code, message };
  } catch {
    return status === 200 ? { kind: 'foreign', code } : { kind: 'refused', code, message: '' };
  }
}
