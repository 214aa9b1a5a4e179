import type { Finding, Severity } from '../finding.js';
import { isOn } from '../variables.js';
import type { Check, Checked } from './check.js';

const topic = 'privacy';

interface Flag {
  readonly name: string;
  readonly sends: string;
  readonly severity: Severity;
}

/** What each switch sends, as captured from Claude Code 2.1.9 to 2.1.330. */
const flags: readonly Flag[] = [
  {
    name: 'OTEL_LOG_USER_PROMPTS',
    severity: 'info',
    sends: 'prompts (prompt, prompt_text, user_prompt of spans), and since 2.1.200 replies (response)',
  },
  { name: 'OTEL_LOG_ASSISTANT_RESPONSES', severity: 'info', sends: 'replies (response)' },
  {
    name: 'OTEL_LOG_TOOL_DETAILS',
    severity: 'info',
    sends:
      'commands, paths, what Write and Edit put into files (tool_parameters, tool_input), and names of agents, skills and MCP servers, also on metrics',
  },
  {
    name: 'OTEL_LOG_TOOL_CONTENT',
    severity: 'warning',
    sends: 'file contents, diffs and the output of commands (tool.output of spans)',
  },
  {
    name: 'OTEL_LOG_RAW_API_BODIES',
    severity: 'warning',
    sends: 'all that goes to and comes from the model, as JSON in the attribute body',
  },
  { name: 'OTEL_RESOURCE_INCLUDE_HOST', severity: 'info', sends: 'host.name and host.id, the id of the machine' },
  { name: 'OTEL_METRICS_INCLUDE_REPOSITORY', severity: 'info', sends: "the repository's address, owner and name" },
];

/** What is sent that people may not expect. */
export const checkPrivacy: Check = (of) => [...switches(of), ...always(of)];

function switches({ variables }: Checked): Finding[] {
  return flags
    .filter(({ name }) => isOn(variables.get(name)))
    .map(({ name, sends, severity }) => ({
      id: 'privacy-flag',
      topic,
      severity,
      message: `${name} sends ${sends}.`,
      where: variables.where(name),
      fix: `unset ${name}, or redactPrompts() in the pipeline file`,
    }));
}

function always({ variables, targets }: Checked): Finding[] {
  const findings: Finding[] = [];
  if (targets.length > 0) {
    const message =
      'Signed-in users send user.email, organization.id and user.account_uuid with every point and event, and api_error quotes the API. No switch of Claude Code takes e-mail and errors away; dropAttributes and redactPrompts do.';
    findings.push({ id: 'privacy-always', topic, severity: 'info', message });
  }
  if (targets.some(({ signal }) => signal === 'traces')) {
    const message = 'Spans of older versions (2.1.9) hold prompts, replies, commands and paths without any switch.';
    findings.push({
      id: 'privacy-traces',
      topic,
      severity: 'warning',
      message,
      where: variables.where('OTEL_TRACES_EXPORTER'),
      fix: 'redactPrompts() in the traces pipeline',
    });
  }
  return findings;
}
