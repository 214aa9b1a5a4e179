import type { EventName } from '../catalogue/catalogue.js';
import type { FilterNames } from '../filter/filter.js';

/** A share such as `'60%'`. */
export type Percent = `${number}%`;

/** What is dropped from when on. */
export interface ShedLevel extends FilterNames {
  /** How full it has to be; what lower levels name is dropped as well. */
  readonly above: Percent;
}

// What explains a session to those who look into it, and what is largest for what it says.
const details = [
  ...(['hook_registered', 'hook_execution_start', 'hook_execution_complete', 'hook_plugin_metrics'] as const),
  ...(['plugin_loaded', 'plugin_installed', 'managed_settings_resolved', 'retention_sweep'] as const),
  ...(['mcp_server_connection', 'skill_activated', 'permission_mode_changed', 'at_mention'] as const),
  ...(['feedback_survey', 'system_prompt', 'api_request_body', 'api_response_body', 'tool'] as const),
] satisfies readonly EventName[];

// What the agent did.
const work = [
  ...(['tool_decision', 'tool_result', 'assistant_response', 'compaction', 'subagent_completed'] as const),
] satisfies readonly EventName[];

// Who used it.
const usage = ['user_prompt', 'auth'] as const satisfies readonly EventName[];

/** Events of Claude Code in the order in which they go; what costs money and what went wrong is in none of them. */
export const claudeCodeLevels: readonly ShedLevel[] = [
  { above: '50%', events: details },
  { above: '70%', events: work, spans: ['*'] },
  { above: '85%', events: usage },
];
