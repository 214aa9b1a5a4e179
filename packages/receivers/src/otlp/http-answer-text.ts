import { STATUS_CODES } from 'node:http';
import { fullSuccessHead } from './http-head.js';
import { overloadedAnswer, type PreparedAnswer } from './http-prepared.js';

/** Writes answers as text, with `Date` (RFC 9110 section 6.6.1) and what becomes of the connection; those that come again and again once a second. */
export class AnswerText {
  declare private readonly keepAlive: string;
  declare private date: string;
  /** From when on `date` is another second's, in milliseconds since 1970. */
  declare private until: number;
  declare private success: { protobuf: string; json: string };
  declare private overloaded: { protobuf: string; json: string };

  /** `idleMs`: for how long a connection may be idle. */
  constructor(idleMs: number) {
    this.keepAlive = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(idleMs / 1000)}\r\n`;
    this.date = '';
    this.until = 0;
    this.success = { protobuf: '', json: '' };
    this.overloaded = this.success;
  }

  of(status: number, head: readonly string[], body: Buffer, isLast: boolean, now: number): string {
    if (now >= this.until || now < this.until - 1000) this.renew(now);
    if (!isLast) {
      if (head === fullSuccessHead.protobuf) return this.success.protobuf;
      if (head === fullSuccessHead.json) return this.success.json;
      if (head === overloadedAnswer.protobuf.head) return this.overloaded.protobuf;
      if (head === overloadedAnswer.json.head) return this.overloaded.json;
    }
    return this.text(status, head, body.toString('latin1'), isLast);
  }

  private renew(now: number): void {
    this.until = now - (now % 1000) + 1000;
    this.date = new Date(now).toUTCString();
    this.success = {
      protobuf: this.text(200, fullSuccessHead.protobuf, '', false),
      json: this.text(200, fullSuccessHead.json, '{}', false),
    };
    this.overloaded = {
      protobuf: this.prepared(overloadedAnswer.protobuf),
      json: this.prepared(overloadedAnswer.json),
    };
  }

  private prepared({ status, head, body }: PreparedAnswer): string {
    return this.text(status, head, body.toString('latin1'), false);
  }

  private text(status: number, head: readonly string[], body: string, isLast: boolean): string {
    let text = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`;
    for (let i = 0; i < head.length; i += 2) text += `${head[i]}: ${head[i + 1]}\r\n`;
    return `${text}Date: ${this.date}\r\n${isLast ? 'Connection: close\r\n' : this.keepAlive}\r\n${body}`;
  }
}
