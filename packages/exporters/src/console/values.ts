import type { AnyValue, Attributes } from '@otelier/otlp';

/** An attribute as text; undefined when it is absent or empty. */
export function text(value: AnyValue): string | undefined {
  if (value === undefined || value === '') return undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'object')
    return value instanceof Uint8Array ? `(${value.length} bytes)` : JSON.stringify(value, plain);
  return String(value);
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/** An attribute as a number: Claude Code sends the same one as a string in one version and as an integer in the next. */
export function number(value: AnyValue): number | undefined {
  if (typeof value === 'string' && value.trim() === '') return undefined;
  if (typeof value !== 'number' && typeof value !== 'string' && typeof value !== 'bigint') return undefined;
  const read = Number(value);
  return Number.isFinite(read) ? read : undefined;
}

/** The first of the attributes that is there, as text. */
export function first(attributes: Attributes, ...names: string[]): string | undefined {
  for (const name of names) {
    const found = text(attributes.get(name));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `claude-sonnet-4-5-20250929` as people call it: `sonnet-4-5`. */
export function shortModel(model: string): string {
  return model.replace(/^(?:[a-z]+\.)*(?:anthropic\.)?claude-/, '').replace(/[-@]20\d{6}.*$/, '');
}

/** Who and where, the same on every item: not worth a place on a line. */
const everywhere =
  /^(?:session\.id|user\.|organization\.|app\.|terminal\.|anthropic\.|vcs\.|host\.|os\.|service\.|telemetry\.|process\.|workspace\.|event\.|prompt\.id$|message\.uuid$|.*request_id$|.*tool_use_id$|use_id$|wsl\.|gen_ai\.)/;

/** Attributes that hold what people or models wrote: their length is told instead. */
const content =
  /^(?:prompt|prompt_text|user_prompt|new_context|response|response\.model_output|tool_parameters|tool_input|full_command|bash_command|description|file_path|content|diff|output|body|system_prompt)$/;

/** Up to `most` attributes as `name=value`, without those that stand on every item, and without what people wrote. */
export function someAttributes(attributes: Attributes, most: number, skip?: ReadonlySet<string>): string {
  const shown: string[] = [];
  for (const [name, value] of attributes) {
    if (shown.length === most) break;
    if (everywhere.test(name) || skip?.has(name)) continue;
    const read = text(value);
    if (read === undefined) continue;
    shown.push(
      content.test(name)
        ? `${name}=(${read.length} chars)`
        : `${name}=${read.length > 40 ? `${read.slice(0, 39)}…` : read}`,
    );
  }
  return shown.join(' ');
}
