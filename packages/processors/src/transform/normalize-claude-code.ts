import type { LogRecord } from '@otelier/otlp';
import { key } from '@otelier/otlp';
import { renameAttribute, toBoolean, toDouble, toNumber } from './edits.js';

/** Attributes of Claude Code's events that are numbers, though many versions send them as text. */
export const claudeCodeNumbers: readonly string[] = [
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_creation_tokens',
  'cache_creation_5m_tokens',
  'cache_creation_1h_tokens',
  'total_tokens',
  'total_tool_uses',
  'cost_usd_micros',
  'duration_ms',
  'ttft_ms',
  'total_retry_duration_ms',
  'attempt',
  'total_attempts',
  'status_code',
  'prompt_length',
  'response_length',
  'body_length',
  'tool_result_size_bytes',
  'tool_input_size_bytes',
  'event.sequence',
];

const statusCode = key('status_code');

/**
 * Edits for log records that make Claude Code's events alike across versions: numbers are numbers, `success` is a boolean,
 * `use_id` is `tool_use_id`, a status code that was unknown is absent.
 *
 * ```ts
 * transform({ logRecord: normalizeClaudeCode() })
 * ```
 */
export function normalizeClaudeCode(): readonly ((record: LogRecord) => void)[] {
  return [
    toNumber(...claudeCodeNumbers),
    toDouble('cost_usd'),
    toBoolean('success', 'safe_mode'),
    renameAttribute('use_id', 'tool_use_id'),
    // Versions before 2.1.150 write the text `undefined` when there was no answer; later ones leave the attribute out.
    ({ attributes }) => {
      if (attributes.is(statusCode, 'undefined')) attributes.delete(statusCode);
    },
  ];
}
