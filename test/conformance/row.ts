/** How strongly the specification asks, in its own (RFC 2119) words. */
export type Level = 'MUST' | 'MUST NOT' | 'SHOULD' | 'SHOULD NOT' | 'RECOMMENDED' | 'MAY';

/** Which text a requirement stands in: the protocol's, or that of its exporters. */
export type Document = 'OTLP' | 'Exporter';

/** One requirement of the OTLP specification, and the check that we keep it. */
export interface Row {
  readonly id: string;
  readonly document: Document;
  readonly section: string;
  readonly level: Level;
  /** In our words. */
  readonly requirement: string;
  /** Rejects when the requirement is not kept by the real receiver or the real exporter. */
  readonly check: () => Promise<void>;
}

type Told = readonly [id: string, section: string, level: Level, requirement: string, check: () => Promise<void>];

/** Rows of one document whose ids share a beginning. */
export function rowsOf(prefix: string, document: Document, told: readonly Told[]): Row[] {
  return told.map(([id, section, level, requirement, check]) => ({
    id: `${prefix}-${id}`,
    ...{ document, section, level, requirement, check },
  }));
}
