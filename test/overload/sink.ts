import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answer, options } from './child.js';
import { idLength, mark } from './requests.js';

// The backend: it works on so many requests at a time, each for so long; others wait. Its ledger is asked for at the end.
const { workers, workMs } = options<{ workers: number; workMs: number }>();
const arrived = new Map<string, number>();
let working = 0;
const waiting: (() => void)[] = [];

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks);
    const work = (): void => {
      working++;
      const done = (): void => {
        working--;
        for (let at = body.indexOf(mark); at >= 0; at = body.indexOf(mark, at + idLength)) {
          const id = body.toString('latin1', at + mark.length, at + mark.length + idLength);
          arrived.set(id, (arrived.get(id) ?? 0) + 1);
        }
        response.writeHead(200, { 'content-type': 'application/x-protobuf', 'content-length': 0 }).end();
        waiting.shift()?.();
      };
      if (workMs === 0) done();
      else setTimeout(done, workMs);
    };
    if (working < workers) work();
    else waiting.push(work);
  });
});
server.listen(0, '127.0.0.1', () =>
  answer({ port: (server.address() as AddressInfo).port }, () => ({ arrived: [...arrived] })),
);
