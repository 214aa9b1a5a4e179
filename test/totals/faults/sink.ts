import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { MetricsBatch } from '@otelier/otlp';
import { type Random, SeriesBook } from '@otelier/testing';

/** A backend that keeps every point, and is not always in the mood. */
export interface Sink {
  readonly endpoint: string;
  readonly book: SeriesBook;
  /** Requests that were stored, refused with 503, and stored without an answer. */
  readonly counts: { stored: number; refused: number; unanswered: number };
  /** Stores and answers everything from now on. */
  calm(): void;
  close(): Promise<void>;
}

/** Starts a {@link Sink} on a free port of loopback; what it does to a request is drawn from `random`. */
export async function startSink(random: Random): Promise<Sink> {
  const book = new SeriesBook();
  const counts = { stored: 0, refused: 0, unanswered: 0 };
  let moody = true;
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const mood = moody ? random.next() : 1;
      if (mood < 0.12) {
        counts.refused++;
        response.writeHead(503).end();
        return;
      }
      const body = Buffer.concat(chunks);
      book.add(MetricsBatch.parse(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body));
      if (mood < 0.17) {
        counts.unanswered++;
        request.socket.destroy();
        return;
      }
      counts.stored++;
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    book,
    counts,
    calm() {
      moody = false;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
