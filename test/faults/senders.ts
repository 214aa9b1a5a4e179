import { setTimeout as wait } from 'node:timers/promises';
import { buildLogs } from '@otelier/otlp';
import type { Random } from '@otelier/testing';
import { grpcClient } from './grpc-client.js';
import { httpClient } from './http-client.js';
import type { Ledger } from './ledger.js';

/** What a client has heard. */
export type Answer =
  | { readonly said: 'yes' | 'nothing' }
  | { readonly said: 'later'; readonly afterMs: number }
  | { readonly said: 'never'; readonly why: string };

/** One connection to the collector, or a few. */
export interface Client {
  send(body: Buffer): Promise<Answer>;
  /** Leaves in the middle of whatever it does; the next request makes a new connection. */
  disconnect(): void;
  close(): void | Promise<void>;
}

/** Where the collector listens. */
export interface Doors {
  readonly http: number;
  readonly grpc: number;
}

/** Clients that send without a pause, and each batch again until it was answered, as OTLP asks of them. */
export class Senders {
  private readonly clients: readonly Client[];
  private readonly ledger: Ledger;
  private stopped = false;
  private running: Promise<unknown> = Promise.resolve();

  /** @param ca - of the collector's certificate, where it has one. */
  constructor(ledger: Ledger, doors: Doors, ca?: string) {
    this.ledger = ledger;
    const http = Array.from({ length: 4 }, () => httpClient(doors.http, ca));
    this.clients = [...http, grpcClient(doors.grpc, ca), grpcClient(doors.grpc, ca)];
  }

  start(random: Random): void {
    this.running = Promise.all(this.clients.map((client, i) => this.run(client, `${i}`, random.fork())));
    this.running.catch((error: unknown) => this.ledger.problems.add(`a sender failed: ${String(error)}`));
  }

  /** Some of them leave without a word. */
  disconnect(random: Random): void {
    for (const client of this.clients) if (random.chance(0.5)) client.disconnect();
  }

  /** Resolves when each has its answer, or has given up after an attempt without one. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
    await Promise.all(this.clients.map((client) => client.close()));
  }

  private async run(client: Client, name: string, random: Random): Promise<void> {
    for (let number = 0; !this.stopped; number++) {
      const ids = Array.from({ length: random.between(1, 20) }, (_, i) => `${name}-${number}-${i}`);
      const records = ids.map((body) => ({ timeUnixNano: 1n, body }));
      this.ledger.sent(ids);
      await this.deliver(client, ids, buildLogs([{ resource: { attributes: { name } }, records }]).bytes(), random);
      await wait(random.between(0, 8));
    }
  }

  private async deliver(client: Client, ids: readonly string[], body: Buffer, random: Random): Promise<void> {
    do {
      const { damages } = this.ledger;
      const answer = await client.send(body);
      if (answer.said === 'yes') return this.ledger.acknowledged(ids, damages);
      if (answer.said === 'never') return void this.ledger.problems.add(`a sender was told never: ${answer.why}`);
      if (answer.said === 'later') this.ledger.refusals++;
      if (answer.said === 'nothing') this.ledger.unanswered(ids);
      if (this.stopped) return;
      await wait(random.between(5, 60) + (answer.said === 'later' ? answer.afterMs : 0));
    } while (!this.stopped);
  }
}
