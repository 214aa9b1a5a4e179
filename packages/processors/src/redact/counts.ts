import type { Host } from '@otelier/core';
import type { Redaction } from './report.js';

/** Counts what was redacted, by rule and field, as metrics of the collector. */
export class Counts {
  declare private readonly host: Host;
  declare private readonly counter: ReturnType<Host['meter']['createCounter']>;

  constructor(host: Host) {
    this.host = host;
    this.counter = host.meter.createCounter('otelier_redactions', {
      description: 'Values that were masked, hashed, shortened or deleted, by field and by the rule that asked for it.',
    });
  }

  add(redactions: readonly Redaction[]): void {
    for (const { field, rule, count } of redactions) {
      this.counter.add(count, { field, rule });
      this.host.note(count, `redacted_${rule}`);
    }
  }
}
