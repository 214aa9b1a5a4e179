import type { FindingId } from './finding-ids.js';

/** How much a finding matters: an error keeps telemetry from arriving whole, a warning may, information is for the person to judge. */
export type Severity = 'error' | 'warning' | 'info';

/** What findings are shown under, in this order. */
export const topics = [
  'sources',
  'telemetry',
  'endpoints',
  'headers',
  'resource',
  'metrics',
  'privacy',
  'pipelines',
] as const;

/** One of {@link topics}. */
export type Topic = (typeof topics)[number];

/** Something that the doctor found. Never holds a header's value, nor anything else that is secret. */
export interface Finding {
  /** The kind of finding, such as `protocol-missing`; stays the same between versions. */
  readonly id: FindingId;
  readonly topic: Topic;
  readonly severity: Severity;
  /** What is wrong and what comes of it, in a sentence or two. */
  readonly message: string;
  /** Where it was seen: `OTEL_EXPORTER_OTLP_PROTOCOL in ~/.zshrc:3`. */
  readonly where?: string;
  /** What to put or to do; lines that can be copied where that is possible. */
  readonly fix?: string;
}
