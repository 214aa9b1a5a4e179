import {
  DATA,
  endHeaders,
  endStream,
  exportHeaders,
  frame,
  HEADERS,
  messagePrefix,
  PING,
  SETTINGS,
} from '../../packages/receivers/test/h2.js';
import { type Answer, Lane, type Listener } from './lane.js';
import { type Numbered, numbered } from './requests.js';

const ack = 1;
const windowUpdate = 8;
const nothing = Buffer.alloc(0);

/** The messages that gRPC lanes send, before their numbers are in them. */
export function grpcRequests(body: Buffer): Numbered {
  return numbered(Buffer.concat([messagePrefix(body.length), body]));
}

/**
 * OTLP/gRPC, one call after the other.
 *
 * It makes its frames itself: a client of a library takes as long for a call as the collector, with which it shares the machine.
 */
export class GrpcLane extends Lane {
  private readonly requests: Numbered;
  private stream = -1;
  private heard: Buffer = nothing;
  private isTold = false;

  constructor(port: number, requests: Numbered, listener: Listener) {
    super(port, listener);
    this.requests = requests;
    const window = Buffer.alloc(4);
    window.writeUInt32BE(2 ** 30);
    const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    this.socket.write(Buffer.concat([preface, frame(SETTINGS, 0, 0, noTable), frame(windowUpdate, 0, 0, window)]));
  }

  protected request(number: number): Buffer {
    this.stream += 2;
    this.isTold = false;
    const head = frame(HEADERS, endHeaders, this.stream, exportHeaders);
    return Buffer.concat([head, frame(DATA, endStream, this.stream, this.requests(number))]);
  }

  protected hear(chunk: Buffer): void {
    let bytes = this.heard.length === 0 ? chunk : Buffer.concat([this.heard, chunk]);
    while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
      const end = 9 + bytes.readUIntBE(0, 3);
      this.take(bytes[3] as number, bytes[4] as number, bytes.readUInt32BE(5), bytes.subarray(9, end));
      bytes = bytes.subarray(end);
    }
    this.heard = bytes;
  }

  private take(type: number, flags: number, stream: number, payload: Buffer): void {
    if (type === SETTINGS && (flags & ack) === 0) this.socket.write(frame(SETTINGS, ack, 0));
    else if (type === PING && (flags & ack) === 0) this.socket.write(frame(PING, ack, 0, payload));
    else if (type === goAway) this.problem('the connection was asked to go');
    else if (stream !== this.stream || this.isTold) return;
    else if (type === reset) this.tell({ problem: 'the call was reset' });
    else if (type === HEADERS && (flags & endStream) !== 0) this.tell(answerOf(payload));
  }

  private tell(answer: Answer): void {
    this.isTold = true;
    this.answered(answer);
  }
}

const [reset, goAway] = [3, 7];
// SETTINGS_HEADER_TABLE_SIZE of 0: every header block is whole in itself.
const noTable = Buffer.from([0, 1, 0, 0, 0, 0]);

/** From the trailers: a value of one digit is written as its length and itself. */
function answerOf(trailers: Buffer): Answer {
  if (trailers.includes(Buffer.from('\x010'))) return 'accepted';
  return trailers.includes(Buffer.from('\x018')) ? 'refused' : { problem: 'a call ended otherwise' };
}
