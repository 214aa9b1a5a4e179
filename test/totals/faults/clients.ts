import { setTimeout as wait } from 'node:timers/promises';
import type { FleetRequest, Random } from '@otelier/testing';
import { Agent, request } from 'undici';

/** What clients count. */
export interface Sent {
  /** Requests that were answered with 200. */
  answered: number;
  /** Times a request was sent again: after an error, a lost connection, or a lost answer. */
  retries: number;
}

/**
 * Clients that export as Claude Code's do, except that they never give up: a process sends its next request when the one before was
 * answered with 200. Once in a while a client did not hear the answer and sends the request again.
 */
export class Clients {
  readonly sent: Sent = { answered: 0, retries: 0 };
  private released = 0;
  private wake: (() => void)[] = [];
  private readonly agent = new Agent({ connections: 64, pipelining: 1 });

  /** Lets requests with an index below `count` go. */
  release(count: number): void {
    this.released = count;
    for (const wake of this.wake.splice(0)) wake();
  }

  /** Sends everything and resolves when the last was answered. */
  async run(endpoint: string, requests: readonly FleetRequest[], random: Random): Promise<void> {
    const byProcess = new Map<number, FleetRequest[]>();
    for (const each of requests) {
      const own = byProcess.get(each.process);
      if (own === undefined) byProcess.set(each.process, [each]);
      else own.push(each);
    }
    try {
      await Promise.all([...byProcess.values()].map((own) => this.process(endpoint, own, random.fork())));
    } finally {
      await this.agent.close();
    }
  }

  private async process(endpoint: string, requests: readonly FleetRequest[], random: Random): Promise<void> {
    for (const { index, bytes } of requests) {
      while (index >= this.released) await new Promise<void>((resolve) => this.wake.push(resolve));
      await this.deliver(endpoint, bytes, random);
      this.sent.answered++;
      // A lost answer, from where the client stands.
      if (random.chance(0.05)) {
        this.sent.retries++;
        await this.deliver(endpoint, bytes, random);
      }
    }
  }

  private async deliver(endpoint: string, body: Buffer, random: Random): Promise<void> {
    for (;;) {
      const status = await this.post(endpoint, body);
      if (status === 200) return;
      if (status !== 0 && status !== 429 && status !== 502 && status !== 503 && status !== 504)
        throw new Error(`a client was answered with ${status}, which ends its attempts: its data would be lost`);
      this.sent.retries++;
      await wait(random.between(5, 80));
    }
  }

  /** The status, or 0 when there was no answer. */
  private async post(endpoint: string, body: Buffer): Promise<number> {
    try {
      const headers = { 'content-type': 'application/x-protobuf' };
      const response = await request(endpoint, { method: 'POST', headers, body, dispatcher: this.agent });
      await response.body.dump();
      return response.statusCode;
    } catch {
      return 0;
    }
  }
}
