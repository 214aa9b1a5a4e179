import { LogsBatch } from '@otelier/otlp';
import { common, defaultAt, type JsonKeyValue, type JsonValue, resource, type Session, text } from './session.js';

/** Fields of a `claude_code.user_prompt` event. */
export interface UserPrompt {
  /** Left out, the client redacts it: `<REDACTED>` with the length of what was typed. */
  readonly prompt?: string;
  readonly promptId?: string;
}

/** Fields of a `claude_code.api_request` event. */
export interface ApiRequest {
  readonly model?: string;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly cacheReadTokens?: number;
  readonly cacheCreationTokens?: number;
  readonly costUsd?: number;
  readonly durationMs?: number;
  readonly promptId?: string;
}

/** Fields of a `claude_code.api_error` event. */
export interface ApiError {
  readonly model?: string;
  /** The server's message, verbatim. */
  readonly error?: string;
  readonly statusCode?: number;
  readonly durationMs?: number;
  readonly attempt?: number;
  readonly promptId?: string;
}

/** Fields of a `claude_code.tool_result` event. */
export interface ToolResult {
  readonly tool?: string;
  readonly success?: boolean;
  readonly durationMs?: number;
  readonly resultBytes?: number;
  /** Written as JSON text into `tool_parameters`, as with `OTEL_LOG_TOOL_DETAILS=1`. */
  readonly parameters?: object;
  /** Written as JSON text into `tool_input`. */
  readonly input?: object;
  readonly error?: string;
  readonly promptId?: string;
}

/** Fields of a `claude_code.tool_decision` event. */
export interface ToolDecision {
  readonly tool?: string;
  readonly decision?: 'accept' | 'reject';
  readonly source?: 'config' | 'user_permanent' | 'user_temporary' | 'user_abort' | 'user_reject';
  readonly promptId?: string;
}

/** Fields of a `claude_code.assistant_response` event, which 2.1.330 sends and 2.1.9 does not. */
export interface AssistantResponse {
  /** Left out, the client redacts it. */
  readonly response?: string;
  readonly model?: string;
  readonly promptId?: string;
}

/** One event of a request with several; see {@link logs}. */
export type Event =
  | ({ readonly event: 'user_prompt' } & UserPrompt)
  | ({ readonly event: 'api_request' } & ApiRequest)
  | ({ readonly event: 'api_error' } & ApiError)
  | ({ readonly event: 'tool_result' } & ToolResult)
  | ({ readonly event: 'tool_decision' } & ToolDecision)
  | ({ readonly event: 'assistant_response' } & AssistantResponse);

/** Builds one logs request with these events, a millisecond apart, in the exact shape of the client. */
export function logs(events: readonly Event[], session: Session = {}): LogsBatch {
  const version = session.version ?? '2.1.330';
  const at = session.at ?? defaultAt;
  const logRecords = events.map((event, sequence) => logRecord(event, sequence, at + sequence, session));
  const scope = { name: 'com.anthropic.claude_code.events', version };
  return LogsBatch.fromJson(
    JSON.stringify({ resourceLogs: [{ resource: resource(session), scopeLogs: [{ scope, logRecords }] }] }),
  );
}

function logRecord(event: Event, sequence: number, at: number, session: Session): object {
  const modern = session.version !== '2.1.9';
  const time = `${at}000000`;
  const attributes = common(session);
  attributes.push(text('event.name', event.event), text('event.timestamp', new Date(at).toISOString()));
  if (modern) {
    attributes.push({ key: 'event.sequence', value: { intValue: sequence } });
    attributes.push(text('prompt.id', event.promptId ?? '00000000-0000-4000-8000-0000000000aa'));
  }
  attributes.push(...(modern ? fields(event) : fields(event).flatMap(asOldClient)));
  const body = { stringValue: `claude_code.${event.event}` };
  return { timeUnixNano: time, observedTimeUnixNano: time, body, attributes, droppedAttributesCount: 0 };
}

const sinceNewClient = new Set(['prompt_text', 'message.uuid', 'speed', 'query_source', 'effort', 'request_id']);
for (const name of ['cost_usd_micros', 'cache_creation_5m_tokens', 'cache_creation_1h_tokens', 'ttft_ms'])
  sinceNewClient.add(name);
for (const name of ['tool_use_id', 'tool_source', 'permission_mode', 'tool_input', 'tool_input_size_bytes'])
  sinceNewClient.add(name);

/** The old client wrote numbers as text and knew fewer attributes. */
function asOldClient({ key, value }: JsonKeyValue): JsonKeyValue[] {
  if (sinceNewClient.has(key)) return [];
  return [text(key, String(Object.values(value)[0]))];
}

function fields(event: Event): JsonKeyValue[] {
  switch (event.event) {
    case 'user_prompt': {
      const prompt = event.prompt ?? '<REDACTED>';
      return [
        text('prompt_length', String(event.prompt?.length ?? 30)),
        text('prompt', prompt),
        text('prompt_text', prompt),
        text('message.uuid', '00000000-0000-4000-8000-0000000000bb'),
      ];
    }
    case 'api_request':
      return apiRequest(event);
    case 'api_error':
      return [
        text('model', event.model ?? 'claude-opus-5-5'),
        text('error', event.error ?? 'Overloaded'),
        ...(event.statusCode === undefined ? [] : [int('status_code', event.statusCode)]),
        int('duration_ms', event.durationMs ?? 120),
        int('attempt', event.attempt ?? 11),
        text('request_id', 'req_1'),
        text('speed', 'normal'),
        text('query_source', 'sdk'),
        text('effort', 'medium'),
      ];
    case 'tool_result':
      return toolResult(event);
    case 'tool_decision':
      return [
        text('decision', event.decision ?? 'accept'),
        text('source', event.source ?? 'config'),
        text('tool_name', event.tool ?? 'Bash'),
        text('tool_use_id', 'toolu_1'),
        text('tool_source', 'builtin'),
        text('permission_mode', 'default'),
        text('request_id', 'req_1'),
      ];
    case 'assistant_response':
      return [
        int('response_length', event.response?.length ?? 27),
        text('response', event.response ?? '<REDACTED>'),
        text('request_id', 'req_1'),
        text('message.uuid', '00000000-0000-4000-8000-0000000000cc'),
        text('model', event.model ?? 'claude-opus-5-5'),
        text('query_source', 'sdk'),
      ];
  }
}

function apiRequest(event: ApiRequest): JsonKeyValue[] {
  const costUsd = event.costUsd ?? 0.0012;
  const cacheCreation = event.cacheCreationTokens ?? 0;
  return [
    text('model', event.model ?? 'claude-opus-5-5'),
    int('input_tokens', event.inputTokens ?? 0),
    int('output_tokens', event.outputTokens ?? 0),
    int('cache_read_tokens', event.cacheReadTokens ?? 0),
    int('cache_creation_tokens', cacheCreation),
    int('cache_creation_5m_tokens', cacheCreation),
    int('cache_creation_1h_tokens', 0),
    value('cost_usd', { doubleValue: costUsd }),
    int('cost_usd_micros', Math.round(costUsd * 1e6)),
    int('duration_ms', event.durationMs ?? 900),
    int('ttft_ms', 16),
    text('request_id', 'req_1'),
    text('speed', 'normal'),
    text('query_source', 'sdk'),
    text('effort', 'medium'),
  ];
}

function toolResult(event: ToolResult): JsonKeyValue[] {
  const success = event.success ?? event.error === undefined;
  const input = event.input === undefined ? undefined : JSON.stringify(event.input);
  return [
    text('tool_name', event.tool ?? 'Bash'),
    text('tool_use_id', 'toolu_1'),
    text('success', String(success)),
    text('duration_ms', String(event.durationMs ?? 40)),
    ...(event.error === undefined ? [] : [text('error', event.error)]),
    ...(event.parameters === undefined ? [] : [text('tool_parameters', JSON.stringify(event.parameters))]),
    ...(input === undefined ? [] : [text('tool_input', input)]),
    text('tool_input_size_bytes', String(input?.length ?? 117)),
    text('tool_result_size_bytes', String(event.resultBytes ?? 34)),
    text('request_id', 'req_1'),
  ];
}

function int(key: string, number: number): JsonKeyValue {
  return value(key, { intValue: number });
}

function value(key: string, content: JsonValue): JsonKeyValue {
  return { key, value: content };
}
