import { encodeLogs, type PlainAttribute } from '../references/protobufjs.js';
import { id, pick, resetRandom } from './random.js';

/** How many records, resources, and which share are prompts. */
export interface LogsShape {
  readonly records: number;
  readonly resources: number;
  /** Records whose index modulo 10 is here are `user_prompt`. */
  readonly prompts: readonly number[];
}

export const logsShapes: Readonly<Record<'logs5' | 'logs5clean' | 'logs100' | 'logs1000', LogsShape>> = {
  logs5: { records: 5, resources: 1, prompts: [2] },
  logs5clean: { records: 5, resources: 1, prompts: [] },
  logs100: { records: 100, resources: 1, prompts: [3] },
  logs1000: { records: 1000, resources: 20, prompts: [3] },
};

const text = (key: string, stringValue: string): PlainAttribute => ({ key, value: { stringValue } });
const words = [
  'fix',
  'the',
  'login',
  'bug',
  'in',
  'session',
  'handling',
  'and',
  'write',
  'a',
  'test',
  'für',
  'naïve',
  'ログイン',
];

function sentence(length: number, ascii: boolean): string {
  let made = '';
  while (made.length < length) made += `${pick(ascii ? words.slice(0, 11) : words)} `;
  return made.slice(0, length);
}

/** An export request of Claude-Code-like events, about 0.9 KB a record, the same bytes at every call. */
export function logsRequest({ records, resources, prompts }: LogsShape): Buffer {
  resetRandom();
  const perResource = Math.ceil(records / resources);
  const resourceLogs = Array.from({ length: resources }, (_, r) => {
    const session = [
      text('user.id', id(64)),
      text('session.id', id(36)),
      text('organization.id', id(36)),
      text('user.email', `developer${r}@example.com`),
      text('user.account_uuid', id(36)),
      text('app.version', '2.1.330'),
      text('terminal.type', 'vscode'),
    ];
    const logRecords = Array.from({ length: Math.min(perResource, records - r * perResource) }, (_, i) => {
      const nanos = 1_763_800_000_000_000_000n + BigInt(r * 1_000_000 + i) * 1_000_000n;
      const event = prompts.includes(i % 10) ? prompt(i) : i % 3 === 0 ? apiRequest() : toolResult(i);
      return {
        timeUnixNano: nanos,
        observedTimeUnixNano: nanos,
        body: { stringValue: `claude_code.${event[0]?.value.stringValue}` },
        attributes: [
          ...session,
          text('prompt.id', id(36)),
          text('event.timestamp', '2026-11-22T08:03:42.584Z'),
          ...event,
        ],
        droppedAttributesCount: 0,
      };
    });
    return {
      resource: {
        attributes: [
          text('team.id', `team-${r}`),
          text('host.arch', 'amd64'),
          text('os.type', 'linux'),
          text('service.name', 'claude-code'),
        ],
        droppedAttributesCount: 0,
      },
      scopeLogs: [{ scope: { name: 'com.anthropic.claude_code.events', version: '2.1.330' }, logRecords }],
    };
  });
  return encodeLogs({ resourceLogs });
}

function prompt(i: number): PlainAttribute[] {
  const typed = sentence(50 + ((i * 397) % 1950), i % 7 !== 0);
  return [
    text('event.name', 'user_prompt'),
    { key: 'event.sequence', value: { intValue: i } },
    text('prompt_length', String(typed.length)),
    text('prompt', typed),
  ];
}

function apiRequest(): PlainAttribute[] {
  return [
    text('event.name', 'api_request'),
    text('model', 'claude-opus-5-5'),
    { key: 'input_tokens', value: { intValue: 1500 } },
    { key: 'output_tokens', value: { intValue: 620 } },
    { key: 'cache_read_tokens', value: { intValue: 20_000 } },
    { key: 'cache_creation_tokens', value: { intValue: 300 } },
    { key: 'cost_usd', value: { doubleValue: 0.03676 } },
    { key: 'duration_ms', value: { intValue: 4312 } },
    text('request_id', `req_${id(24)}`),
    text('speed', 'normal'),
  ];
}

function toolResult(i: number): PlainAttribute[] {
  return [
    text('event.name', 'tool_result'),
    text('tool_name', i % 2 === 0 ? 'Bash' : 'Edit'),
    text('success', 'true'),
    text('duration_ms', '812'),
    text('tool_result_size_bytes', '2048'),
    text('tool_use_id', `toolu_${id(24)}`),
    text(
      'tool_parameters',
      JSON.stringify({
        bash_command: 'npm',
        full_command: `npm test -- ${sentence(120, true)}`,
        timeout: 120_000,
        description: sentence(60, true),
      }),
    ),
  ];
}
