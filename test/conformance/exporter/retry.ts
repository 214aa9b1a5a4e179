import { expect } from 'vitest';
import { otlpExporter } from '../../../packages/exporters/src/otlp/otlp.js';
import { pauseMs } from '../../../packages/exporters/src/retry/backoff.js';
import { type RetryOptions, retry } from '../../../packages/exporters/src/retry/retry.js';
import { type FakeClock, fakeClock } from '../../../packages/exporters/test/clock.js';
import { startLogs, testFlow, testHost } from '../../../packages/exporters/test/host.js';
import { type Answer, httpServer } from '../../../packages/exporters/test/servers.js';
import { type Row, rowsOf } from '../row.js';
import { recordedLogs } from './backend.js';

const quick: RetryOptions = { initial: '1ms', max: '4ms', maxElapsed: '10s' };
const retried = [429, 502, 503, 504];
const final = [
  400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 411, 413, 414, 415, 422, 425, 428, 431, 451, 500, 501, 505, 507,
  511,
];

/** Exports through `retry()` to a server that answers so; resolves with the number of requests that it saw. */
async function attempts(answer: (call: number) => Answer): Promise<number> {
  const server = await httpServer((_seen, call) => answer(call));
  const stage = await startLogs(retry(otlpExporter({ endpoint: server.url }), quick));
  await stage.consume(recordedLogs(), testFlow()).catch(() => {});
  await stage.close?.();
  await server.close();
  return server.seen.length;
}

/** The time on a clock of the test's that passes before a refused export is tried again. */
async function waited(headers: Record<string, string>, run: (clock: FakeClock, seen: () => number) => Promise<void>) {
  const server = await httpServer((_seen, call) => (call === 1 ? { status: 503, headers } : {}));
  const clock = fakeClock();
  const options: RetryOptions = { initial: '1s', max: '30s', maxElapsed: '10m', jitter: false };
  const stage = await startLogs(retry(otlpExporter({ endpoint: server.url }), options), testHost({ clock }));
  const done = stage.consume(recordedLogs(), testFlow());
  // The pause begins when the answer has been read, which is real time: the clock then has a timer for it.
  await expect.poll(() => server.seen.length).toBe(1);
  await run(clock, () => server.seen.length);
  await done;
  await stage.close?.();
  await server.close();
}

/** What is said of when, and when not, to send again. */
export const retryRows: readonly Row[] = [
  ...rowsOf('exporter-retry', 'OTLP', [
    [
      'codes',
      'OTLP/HTTP Response, Retryable Response Codes',
      'SHOULD',
      '429, 502, 503 and 504 are sent again',
      async () => {
        for (const status of retried)
          expect([status, await attempts((call) => (call < 3 ? { status } : {}))]).toEqual([status, 3]);
      },
    ],
    [
      'other-codes',
      'OTLP/HTTP Response, Retryable Response Codes',
      'MUST NOT',
      'no other 4xx or 5xx is sent again',
      async () => {
        // A 413 may come again in halves, which are other requests; the recorded batch is sent whole only once.
        for (const status of final.filter((each) => each !== 413))
          expect([status, await attempts(() => ({ status }))]).toEqual([status, 1]);
      },
    ],
    [
      'bad-data',
      'OTLP/HTTP Response, Bad Data',
      'MUST NOT',
      'what was answered 400 is not sent again',
      async () => {
        expect(await attempts(() => ({ status: 400 }))).toBe(1);
      },
    ],
    [
      'too-large',
      'OTLP/HTTP Request',
      'MUST NOT',
      'what was answered 413 is not sent again as it was',
      async () => {
        const server = await httpServer(() => ({ status: 413 }));
        const stage = await startLogs(retry(otlpExporter({ endpoint: server.url }), quick));
        await stage.consume(recordedLogs(), testFlow()).catch(() => {});
        await stage.close?.();
        await server.close();
        expect(new Set(server.seen.map(({ body }) => body.length)).has(0)).toBe(false);
        expect(server.seen.filter(({ body }) => body.equals(server.seen[0]!.body))).toHaveLength(1);
      },
    ],
    [
      'disconnect',
      'All Other Responses',
      'SHOULD',
      'what was cut off without an answer is sent again',
      async () => {
        expect(await attempts((call) => (call < 3 ? { cut: true } : {}))).toBe(3);
      },
    ],
    [
      'connect',
      'OTLP/HTTP Connection',
      'SHOULD',
      'a server that cannot be reached is tried again',
      async () => {
        const server = await httpServer(() => ({}));
        await server.close();
        const stage = await startLogs(otlpExporter({ endpoint: server.url }));
        await expect(stage.consume(recordedLogs(), testFlow())).rejects.toMatchObject({
          code: 'unavailable',
          retryable: true,
        });
        await stage.close?.();
      },
    ],
    [
      'retry-after',
      'OTLP/HTTP Throttling',
      'SHOULD',
      'Retry-After in seconds is waited for',
      () =>
        waited({ 'retry-after': '60' }, async (clock, seen) => {
          await clock.advance(59_999);
          expect(seen()).toBe(1);
          await clock.advance(1);
          await expect.poll(seen).toBe(2);
        }),
    ],
    [
      'retry-after-date',
      'OTLP/HTTP Throttling',
      'SHOULD',
      'Retry-After as a date is waited for',
      async () => {
        const at = new Date(Math.ceil(fakeClock().now() / 1000) * 1000 + 90_000);
        await waited({ 'retry-after': at.toUTCString() }, async (clock, seen) => {
          await clock.advance(80_000);
          expect(seen()).toBe(1);
          await clock.advance(15_000);
          await expect.poll(seen).toBe(2);
        });
      },
    ],
    [
      'backoff',
      'OTLP/HTTP Throttling',
      'SHOULD',
      'without Retry-After pauses grow exponentially',
      async () => {
        const backoff = { initialMs: 1000, maxMs: 30_000, jitter: false };
        const pauses = [1, 2, 3, 4, 5, 6, 7].map((attempt) => pauseMs(backoff, attempt, undefined, 0.5));
        expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
      },
    ],
  ]),
  ...rowsOf('exporter-retry', 'Exporter', [
    [
      'jitter',
      'Retry',
      'MUST',
      'the exponential back-off has jitter',
      async () => {
        const backoff = { initialMs: 1000, maxMs: 30_000, jitter: true };
        const pauses = [0, 0.25, 0.5, 0.999].map((random) => pauseMs(backoff, 3, undefined, random));
        expect(pauses).toEqual([0, 1000, 2000, 3996]);
        expect(retry(otlpExporter({ endpoint: 'http://127.0.0.1:1' })).options).toMatchObject({ jitter: true });
      },
    ],
    [
      'jitter-floor',
      'Retry',
      'SHOULD',
      'jitter never shortens what the server asked for',
      async () => {
        const backoff = { initialMs: 1000, maxMs: 30_000, jitter: true };
        expect(pauseMs(backoff, 1, 5000, 0)).toBe(5000);
      },
    ],
  ]),
];
