import { decodeExportResponse } from '@otelier/otlp';
import { Agent, request } from 'undici';
import type { Answer, Client } from './senders.js';

const headers = { 'content-type': 'application/x-protobuf' };
const mayPass: readonly number[] = [429, 502, 503, 504];

/** A client of OTLP over HTTP. */
export function httpClient(port: number, ca?: string): Client {
  const agent = new Agent({
    connections: 1,
    pipelining: 1,
    ...(ca !== undefined && { connect: { ca, servername: 'localhost' } }),
  });
  const url = `${ca === undefined ? 'http' : 'https'}://127.0.0.1:${port}/v1/logs`;
  let leave = new AbortController();
  return {
    async send(body: Buffer): Promise<Answer> {
      try {
        const options = { method: 'POST', headers, body, dispatcher: agent, signal: leave.signal } as const;
        const { statusCode, body: said, headers: got } = await request(url, options);
        const bytes = Buffer.from(await said.arrayBuffer());
        if (statusCode === 200) {
          const partial = decodeExportResponse('logs', bytes, 'protobuf');
          return partial === undefined
            ? { said: 'yes' }
            : { said: 'never', why: `partial success: ${partial.message}` };
        }
        if (!mayPass.includes(statusCode)) return { said: 'never', why: `status ${statusCode}` };
        return { said: 'later', afterMs: Number(got['retry-after'] ?? 0) * 1000 };
      } catch {
        return { said: 'nothing' };
      }
    },
    disconnect(): void {
      leave.abort();
      leave = new AbortController();
    },
    close: () => agent.destroy(),
  };
}
