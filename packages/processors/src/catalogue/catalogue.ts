import type { FieldClass } from '@otelier/core';

/** What is known of one attribute, or of one member of a JSON payload. */
export interface FieldDefinition {
  readonly class: FieldClass;
  /** `json` is a string that holds JSON text. Clients of different versions may send several types. */
  readonly type: 'string' | 'int' | 'double' | 'bool' | 'array' | 'map' | 'json' | 'bytes';
  /** First version of the client that was seen to send it; absent when it was always there. */
  readonly since?: string;
  /** Last version of the client that was seen to send it. */
  readonly until?: string;
  /** Last version of the client that was seen to send the number as text. */
  readonly textUntil?: string;
  /** Members of a `json` or `map` field; those not named are of the field's own class. */
  readonly members?: Fields;
}

/** Fields by name. */
export interface Fields {
  readonly [name: string]: FieldDefinition;
}

/** One event: a log record whose `event.name` has this name. */
export interface EventDefinition {
  readonly since?: string;
  readonly fields: Fields;
}

/** Events by `event.name`. */
export interface Events {
  readonly [name: string]: EventDefinition;
}

/** One metric. */
export interface MetricDefinition {
  readonly unit: string;
  readonly since?: string;
  /** Attributes of its points beside the common ones. */
  readonly fields: Fields;
}

/** Metrics by name. */
export interface Metrics {
  readonly [name: string]: MetricDefinition;
}

/** The telemetry of one client, as its classes of fields: data, with no code that depends on it. */
export interface Catalogue {
  /** `claude-code`. */
  readonly name: string;
  /** Version of the client that it describes best. */
  readonly version: string;
  readonly resource: Fields;
  /** Attributes of every event and of every metric point. */
  readonly common: Fields;
  readonly events: Events;
  readonly metrics: Metrics;
  /** Attributes of spans and span events, whichever. */
  readonly spans: Fields;
}

export { claudeCode, type EventName, type FieldName, type MetricName } from './claude-code/claude-code.js';
export { fieldsByName } from './fields-by-name.js';
