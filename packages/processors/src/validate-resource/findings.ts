import type { Host } from '@otelier/core';
import type { ResourceFinding } from './inspector.js';
import type { ResourceFault } from './resource-faults.js';
import { describe } from './validator.js';

const advice: Readonly<Partial<Record<ResourceFault, string>>> = {
  empty: 'give it a name in OTEL_RESOURCE_ATTRIBUTES',
  quote: 'leave quotes out of OTEL_RESOURCE_ATTRIBUTES and percent-encode what they should protect',
  escape: 'encode it once in OTEL_RESOURCE_ATTRIBUTES',
  'too-long': 'shorten it',
  unexpanded: 'write its value in OTEL_RESOURCE_ATTRIBUTES',
};

const quietMs = 10 * 60_000;
const maxRemembered = 256;

/** Counts findings, and logs each kind once in ten minutes: a client with a bad variable repeats it in every request. */
export class Findings {
  declare private readonly host: Host;
  declare private readonly counter: ReturnType<Host['meter']['createCounter']>;
  declare private readonly loggedAt: Map<string, number>;

  constructor(host: Host) {
    this.host = host;
    this.counter = host.meter.createCounter('otelier_resource_attribute_faults', {
      description: 'Resource attributes that were invalid or missing, by what was wrong with them.',
    });
    this.loggedAt = new Map();
  }

  note(findings: readonly ResourceFinding[]): void {
    for (const finding of findings) {
      this.counter.add(1, { fault: finding.fault });
      const text = describe(finding);
      if (!this.isNews(text)) continue;
      this.host.logger.warn(
        { key: finding.key.slice(0, 64), fault: finding.fault },
        finding.part === undefined
          ? `resource attribute ${text}`
          : `resource attributes: ${text}; ${advice[finding.fault] ?? 'percent-encode it in OTEL_RESOURCE_ATTRIBUTES'}`,
      );
    }
  }

  private isNews(text: string): boolean {
    const now = this.host.clock.now();
    const last = this.loggedAt.get(text);
    if (last !== undefined && now - last < quietMs) return false;
    if (last === undefined && this.loggedAt.size >= maxRemembered) {
      // Keys come from senders: when there are too many to remember, only the oldest are forgotten.
      const [oldest] = this.loggedAt.keys();
      if (oldest !== undefined) this.loggedAt.delete(oldest);
    }
    this.loggedAt.delete(text);
    this.loggedAt.set(text, now);
    return true;
  }
}
