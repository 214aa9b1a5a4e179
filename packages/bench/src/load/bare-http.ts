import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from './server-process.js';

// The least that a server on node:http can do: collect the body and say yes.
let requests = 0;
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    if (chunks.length > 1) Buffer.concat(chunks);
    requests++;
    response.writeHead(200, { 'content-type': 'application/x-protobuf', 'content-length': 0 }).end();
  });
});
server.listen(0, '127.0.0.1', () => serve((server.address() as AddressInfo).port, () => requests));
