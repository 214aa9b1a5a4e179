import { type Answer, Lane, type Listener } from './lane.js';
import { type Numbered, numbered } from './requests.js';

/** The requests that HTTP lanes send, before their numbers are in them. */
export function httpRequests(body: Buffer): Numbered {
  const head = `POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\nContent-Length: ${body.length}\r\n\r\n`;
  return numbered(Buffer.concat([Buffer.from(head), body]));
}

/** OTLP/HTTP, one request after the other. */
export class HttpLane extends Lane {
  private readonly requests: Numbered;
  private heard = '';

  constructor(port: number, requests: Numbered, listener: Listener) {
    super(port, listener);
    this.requests = requests;
  }

  protected request(number: number): Buffer {
    return Buffer.from(this.requests(number));
  }

  protected hear(chunk: Buffer): void {
    this.heard += chunk.toString('latin1');
    const end = this.heard.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = Number(/content-length: (\d+)/i.exec(this.heard)?.[1] ?? 0);
    if (this.heard.length < end + 4 + length) return;
    const head = this.heard;
    this.heard = '';
    this.answered(answerOf(head));
  }
}

function answerOf(head: string): Answer {
  const status = head.slice(9, 12);
  if (status === '200') return 'accepted';
  const isHonest = (status === '429' || status === '503') && /\r\nretry-after: \d+\r\n/i.test(head);
  return isHonest ? 'refused' : { problem: head.split('\r\n', 1)[0] as string };
}
