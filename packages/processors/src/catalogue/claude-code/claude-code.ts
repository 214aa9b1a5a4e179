import type { Catalogue } from '../catalogue.js';
import { api } from './api.js';
import { client } from './client.js';
import { common } from './common.js';
import { conversation } from './conversation.js';
import { metrics } from './metrics.js';
import { own, resource } from './resource.js';
import { spans } from './spans.js';
import { tools } from './tools.js';

/** What Claude Code sends, field by field: as recorded from 2.0.76 to 2.1.330, and as documented where nothing could be recorded. */
export const claudeCode: Catalogue = {
  name: 'claude-code',
  version: '2.1.330',
  resource: { ...own, ...resource },
  // What stands in OTEL_RESOURCE_ATTRIBUTES is on every event and point as well, since 2.1.200.
  common: { ...own, ...common },
  events: { ...conversation, ...api, ...tools, ...client },
  metrics,
  spans,
};

type EventsOfClaudeCode = typeof conversation & typeof api & typeof tools & typeof client;

/** Name of an event of Claude Code, as in its attribute `event.name`. */
export type EventName = keyof EventsOfClaudeCode;

/** Name of a metric of Claude Code. */
export type MetricName = keyof typeof metrics;

/** Name of an attribute that an event or a metric of Claude Code is known to have: `FieldName<'tool_result'>`. */
export type FieldName<N extends EventName | MetricName> =
  | keyof typeof common
  | (N extends EventName ? keyof EventsOfClaudeCode[N]['fields'] : never)
  | (N extends MetricName ? keyof (typeof metrics)[N]['fields'] : never);
