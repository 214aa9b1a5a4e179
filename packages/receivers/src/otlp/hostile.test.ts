import { gzipSync } from 'node:zlib';
import type { RunningReceiver } from '@otelier/core';
import fc from 'fast-check';
import { request } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { recorded, serve as serveReceiver, speak } from '../../test/harness.js';
import { storedZstd } from '../../test/zstd.js';
import { otlpReceiver } from './otlp.js';

const [recording] = recorded().filter(({ encoding, signal }) => encoding === 'protobuf' && signal === 'logs');
const pb = recording?.bytes as Buffer;

let running: RunningReceiver;
afterEach(() => running?.close());

async function serve() {
  const served = await serveReceiver(otlpReceiver({ grpc: '127.0.0.1:0', http: '127.0.0.1:0', maxBytes: '1MiB' }));
  running = served;
  return served;
}

const refused = [400, 413];

describe('hostile senders', () => {
  test('random bytes on either port are answered or cut off, and the doors go on', async () => {
    const { http, grpc, port, host } = await serve();
    const start = fc.constantFrom(
      '',
      'POST /v1/logs HTTP/1.1\r\n',
      'POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    );
    await fc.assert(
      fc.asyncProperty(start, fc.uint8Array({ minLength: 1, maxLength: 300 }), async (head, noise) => {
        for (const door of [port, Number(grpc.split(':').at(-1))]) {
          // Noise may announce more than it brings: the sender hangs up, so that no door waits for the rest.
          await speak(door, [Buffer.concat([Buffer.from(head), noise]), Buffer.from('\r\n\r\n\0\r\n\r\n')], /./, true);
        }
      }),
      { numRuns: 40 },
    );
    const answer = await request(`${http}/v1/logs`, {
      method: 'POST',
      body: pb,
      headers: { 'content-type': 'application/x-protobuf' },
    });
    expect(answer.statusCode).toBe(200);
    await expect.poll(() => host.admission.inFlightBytes).toBe(0);
    expect(host.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test.each(['identity', 'gzip', 'zstd'])(
    'flipped and cut bodies (%s) are taken or refused, never a failure of ours',
    async (coding) => {
      const { http, host } = await serve();
      const whole = coding === 'gzip' ? gzipSync(pb) : coding === 'zstd' ? storedZstd(pb, 300) : pb;
      const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': coding };
      await fc.assert(
        fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), async (at, byte, end) => {
          const body = Buffer.from(whole);
          body[at] = byte;
          const answer = await request(`${http}/v1/logs`, { method: 'POST', body: body.subarray(0, end), headers });
          await answer.body.dump();
          expect([200, ...refused]).toContain(answer.statusCode);
        }),
        { numRuns: 150 },
      );
      expect(host.admission.inFlightBytes).toBe(0);
    },
  );
});
