import { STATUS_CODES } from 'node:http';
import { statusOf } from './answer.js';

const known: Readonly<Record<string, { readonly httpStatus: number; readonly message: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { httpStatus: 408, message: 'the request did not come in time' },
  HPE_HEADER_OVERFLOW: { httpStatus: 431, message: 'the request headers are too large' },
};
const malformed = { httpStatus: 400, message: 'not an HTTP/1.1 request' };

/** The last bytes for a connection whose bytes are no HTTP request, or too slow a one: there is no response object then. */
export function closingAnswer(error: NodeJS.ErrnoException): string {
  const { httpStatus, message } = known[error.code ?? ''] ?? malformed;
  const body = statusOf({ httpStatus, grpcCode: httpStatus === 408 ? 4 : 3, message }, 'json').toString();
  return [
    `HTTP/1.1 ${httpStatus} ${STATUS_CODES[httpStatus]}`,
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}
