/** How often each rule was applied to each field of one batch. Names of fields come from the catalogue and the options, so they are few. */
export class Report {
  declare private readonly counts: Map<string, number>;
  /** Findings on the record that is walked: `field:rule`, when somebody wants to know. */
  declare private readonly onRecord: Set<string> | undefined;
  /** The field that is looked at. */
  declare field: string;

  constructor(perRecord: boolean) {
    this.counts = new Map();
    this.onRecord = perRecord ? new Set() : undefined;
    this.field = '';
  }

  add(rule: string): void {
    const name = `${this.field}:${rule}`;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    this.onRecord?.add(name);
  }

  /** What was found since the last call, sorted. */
  takeRecord(): readonly string[] {
    const { onRecord } = this;
    if (onRecord === undefined || onRecord.size === 0) return none;
    const found = [...onRecord].sort();
    onRecord.clear();
    return found;
  }

  /** Hands over what was counted and starts anew. */
  take(): readonly Redaction[] {
    this.onRecord?.clear();
    if (this.counts.size === 0) return none;
    const taken = [...this.counts].map(([name, count]): Redaction => {
      const colon = name.lastIndexOf(':');
      return { field: name.slice(0, colon), rule: name.slice(colon + 1), count };
    });
    this.counts.clear();
    return taken;
  }
}

const none: readonly never[] = [];

/** How often one rule was applied to one field. Never says what was there. */
export interface Redaction {
  /** Name of the attribute or of OTLP's own field (`span.name`); `other` for names that neither catalogue nor options know. */
  readonly field: string;
  /** A detector's name; `content`, `identity`, `secret` for what went by its class; or why it was masked whole: `too-large`, `too-deep`, … */
  readonly rule: string;
  readonly count: number;
}
