import { decodeStatus } from '../../../packages/otlp/src/service/status.js';
import { expectTrue } from '../target.js';

/** The statuses that a hostile client may be given: never one that says that we failed. */
const allowed: ReadonlySet<number> = new Set([100, 200, 400, 404, 405, 408, 413, 415, 417, 431]);

/** The statuses of all answers on a connection. @throws {Broken} when one is not a whole and proper answer of OTLP/HTTP. */
export function readAnswers(bytes: Buffer, isHeadless: boolean): number[] {
  const statuses: number[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = bytes.indexOf('\r\n\r\n', at);
    expectTrue(end !== -1, 'an answer has a whole head');
    const head = bytes.toString('latin1', at, end);
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
    expectTrue(allowed.has(status), `no answer of status ${status}`);
    statuses.push(status);
    // Node itself refuses an unknown expectation and a request without Host, with an empty body in chunks.
    const isNodes = (status === 417 || status === 400) && /^transfer-encoding: chunked$/im.test(head);
    const length = isNodes ? '0\r\n\r\n'.length : Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
    at = end + 4 + (isHeadless ? 0 : length);
    expectTrue(at <= bytes.length, 'an answer has its whole body');
    if (status < 400 || isNodes || isHeadless) continue;
    const type = /^content-type: (.*)$/im.exec(head)?.[1];
    expectTrue(type === 'application/json' || type === 'application/x-protobuf', `a refusal as OTLP, not ${type}`);
    const { message } = decodeStatus(bytes.subarray(end + 4, at), type === 'application/json' ? 'json' : 'protobuf');
    expectTrue(message !== '', 'a refusal says why');
  }
  return statuses;
}
