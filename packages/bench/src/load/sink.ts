import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LogsBatch } from '@otelier/otlp';
import { serve } from './server-process.js';

// The backend at the end of the load case: an OTLP/HTTP server that counts the records which reached it.
let records = 0;
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    records += LogsBatch.parse(Buffer.concat(chunks)).count;
    response.writeHead(200, { 'content-type': 'application/x-protobuf', 'content-length': 0 }).end();
  });
});
server.listen(0, '127.0.0.1', () => serve((server.address() as AddressInfo).port, () => records));
