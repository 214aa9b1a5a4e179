import type { Processor, Signal } from '@otelier/core';
import { settings } from '../redact/options.js';
import { redactProcessor } from '../redact/redact.js';
import { promptOptions, type RedactPromptsOptions } from './options.js';

export { type Mask, promptOptions, type RedactPromptsOptions } from './options.js';

/**
 * Masks prompts, replies, commands, paths, file contents, error texts and secrets in logs, metrics and traces, wherever they stand.
 *
 * {@link redact} for coding agents: keys, lengths and labels stay, and `tool_parameters` remains a JSON object whose texts are masked.
 * What cannot be understood is masked whole, and no batch is ever refused for what it holds.
 *
 * @throws {ConfigError} when an option is not what was expected.
 */
export function redactPrompts(options: RedactPromptsOptions = {}): Processor<Signal> {
  return redactProcessor('redact-prompts', settings(promptOptions(options), 'redactPrompts'));
}
