/** How often each rule was applied to each field of one batch. Names of fields come from the catalogue and the options, so they are few. */
export class Report {
  /** By field, then by rule. */
  declare private readonly counts: Map<string, Map<string, number>>;
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
    let rules = this.counts.get(this.field);
    if (rules === undefined) this.counts.set(this.field, (rules = new Map()));
    rules.set(rule, (rules.get(rule) ?? 0) + 1);
    this.onRecord?.add(`${this.field}:${rule}`);
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
    const taken: Redaction[] = [];
    for (const [field, rules] of this.counts) for (const [rule, count] of rules) taken.push({ field, rule, count });
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
