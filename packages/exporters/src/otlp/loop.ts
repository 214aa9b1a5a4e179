import { randomUUID } from 'node:crypto';
import { type Flow, PipelineError } from '@otelier/core';

/** Request header that lists the exporters that a batch has passed, as HTTP's `Via` does. */
const header = 'otelier-via';
const maxHops = 32;
const id = /^[0-9a-f]{8}$/;

/**
 * Sees when an exporter's own data comes back to it, as when its endpoint is the receiver that feeds it.
 *
 * Without this, one batch would go round for ever.
 */
export class Loop {
  private readonly id: string = randomUUID().slice(0, 8);
  private readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  /** @throws {PipelineError} `rejected` when the batch of this flow has passed this exporter before. */
  check(flow: Flow, target: string): void {
    const hops = passed(flow);
    if (!hops.includes(this.id) && hops.length < maxHops) return;
    throw new PipelineError('rejected', `${this.name} sends to ${target}, and from there its data comes back to it`);
  }

  /** The header for requests that carry the batch of this flow. */
  headers(flow: Flow): Readonly<Record<string, string>> {
    return { [header]: [...passed(flow), this.id].join(',') };
  }
}

function passed(flow: Flow): string[] {
  const via = flow.peer?.headers?.[header];
  // Anybody may send this header; only what exporters write is carried on.
  return via === undefined ? [] : via.split(',', maxHops).filter((hop) => id.test(hop));
}
