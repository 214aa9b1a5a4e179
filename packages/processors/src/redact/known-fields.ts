/**
 * Attributes that hold what people and models wrote or read: prompts, replies, commands, paths, file contents, error texts.
 *
 * The names that Claude Code was seen to use (recorded, versions 2.0 to 2.1.330), then those of the OpenTelemetry conventions for
 * generative AI and for exceptions, which other agents use.
 */
export const contentAttributes: readonly string[] = [
  // Claude Code, log records
  'prompt',
  'prompt_text',
  'response',
  'tool_parameters',
  'tool_input',
  'error',
  'body',
  'workspace.host_paths',
  // Claude Code, spans and span events
  'user_prompt',
  'new_context',
  'system_prompt',
  'system_prompt_preview',
  'system_reminders',
  'response.model_output',
  'response.thinking_output',
  'file_path',
  'content',
  'diff',
  'output',
  // Claude Code, inside tool parameters and tool input
  'bash_command',
  'full_command',
  'command',
  'description',
  'old_string',
  'new_string',
  // other agents
  'arguments',
  'function_args',
  'request_text',
  'response_text',
  'error.message',
  'error_message',
  'exception.message',
  'exception.stacktrace',
  'gen_ai.prompt',
  'gen_ai.completion',
  'gen_ai.input.messages',
  'gen_ai.output.messages',
  'gen_ai.system_instructions',
  'gen_ai.tool.definitions',
  'gen_ai.tool.description',
  'gen_ai.tool.call.arguments',
  'gen_ai.tool.call.result',
];

/**
 * Names of private skills, agents, plugins and MCP servers: labels that people group by, so they stay unless added to `attributes`.
 */
export const nameAttributes: readonly string[] = [
  'skill.name',
  'agent.name',
  'agent_type',
  'plugin.name',
  'mcp_server.name',
  'mcp_tool.name',
];

/** Who it was: what attribution needs, so it stays unless added to `attributes`. */
export const identityAttributes: readonly string[] = [
  'user.id',
  'user.email',
  'user.account_uuid',
  'user.account_id',
  'organization.id',
];

/** Content attributes whose text is a JSON object written by the agent: keys and labels inside stay, every other leaf is masked. */
export const payloadAttributes: readonly string[] = [
  'tool_parameters',
  'tool_input',
  'arguments',
  'function_args',
  'gen_ai.tool.call.arguments',
];

/** Keys inside payloads whose numbers and short names stay. */
export const payloadLabels: readonly string[] = [
  'mcp_server_name',
  'mcp_tool_name',
  'server_name',
  'tool_name',
  'skill_name',
  'subagent_type',
  'timeout',
];
