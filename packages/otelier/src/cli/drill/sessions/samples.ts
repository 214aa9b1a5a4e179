import type { AnyValue } from '@otelier/otlp';
import type { FieldDefinition } from '@otelier/processors';

/** What Claude Code puts into labels; those without an example get a short word made of their name. */
const examples: Readonly<Record<string, string>> = {
  model: 'claude-opus-5-5',
  'gen_ai.request.model': 'claude-opus-5-5',
  final_model: 'claude-opus-5-5',
  tool_name: 'Bash',
  tool_source: 'builtin',
  decision: 'accept',
  decision_type: 'accept',
  source: 'config',
  decision_source: 'config',
  success: 'true',
  duration_ms: '42',
  status_code: '429',
  effort: 'medium',
  speed: 'normal',
  query_source: 'sdk',
  language: 'TypeScript',
  type: 'input',
  'event.timestamp': '2026-11-22T08:04:10.249Z',
  'session.id': '00000000-0000-4000-8000-0000000000d1',
  'prompt.id': '00000000-0000-4000-8000-0000000000d2',
  'message.uuid': '00000000-0000-4000-8000-0000000000d3',
  request_id: 'req_d1',
  tool_use_id: 'toolu_d1',
  error_type: 'ShellError',
  error_class: 'ShellError',
  'skill.name': 'release-notes',
  'agent.name': 'general-purpose',
  'plugin.name': 'third-party',
  'mcp_server.name': 'tracker',
  'mcp_tool.name': 'create_issue',
  'service.name': 'claude-code',
  'service.version': '2.1.330',
  'app.version': '2.1.330',
  'terminal.type': 'non-interactive',
  'os.type': 'linux',
  'host.arch': 'amd64',
  'team.id': 'platform',
  department: 'engineering',
  cost_center: 'eng-123',
};

/** The value of a label in a genuine record. */
export function sample(name: string, { type }: FieldDefinition): AnyValue {
  switch (type) {
    case 'int':
      return 12;
    case 'double':
      return 0.25;
    case 'bool':
      return true;
    case 'array':
      return ['builtin'];
    default:
      return examples[name] ?? `some-${name.slice(name.lastIndexOf('.') + 1).replaceAll('_', '-')}`;
  }
}
