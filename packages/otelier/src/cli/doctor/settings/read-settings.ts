import type { Finding, Severity } from '../finding.js';
import type { FindingId } from '../finding-ids.js';
import { isTelemetryVariable } from '../known-variables.js';
import { jsonMistake } from './json-mistake.js';

/** What a settings file says about telemetry. */
export interface Settings {
  /** Its `env` block. */
  readonly env: ReadonlyMap<string, string>;
  /** The command that prints headers. */
  readonly headersHelper?: string;
  readonly findings: readonly Finding[];
}

/** Reads the text of a Claude Code settings file; `name` is how findings call it. */
export function readSettings(text: string, name: string): Settings {
  const findings: Finding[] = [];
  const find = (id: FindingId, severity: Severity, message: string, fix: string, where = name): void =>
    void findings.push({ id, topic: 'sources', severity, message, where, fix });
  const env = new Map<string, string>();
  const clean = text.replace(/^\ufeff/, '');
  const mistake = jsonMistake(clean);
  if (mistake !== undefined) {
    const { line, column, expected } = mistake;
    const message = `This is not JSON: expected ${expected}. None of its settings are in force.`;
    find('settings-not-json', 'error', message, 'Correct the file at this place.', `${name}:${line}:${column}`);
    return { env, findings };
  }
  const settings: unknown = JSON.parse(clean);
  if (!isObject(settings)) {
    find('settings-not-object', 'error', 'Expected an object, found something else.', '{ "env": { … } }');
    return { env, findings };
  }
  for (const key of Object.keys(settings).filter(isTelemetryVariable)) {
    const message = `${key} does not stand in the "env" block, where alone it counts.`;
    find('settings-outside-env', 'error', message, `"env": { "${key}": "…" }`);
  }
  const { env: block = {}, otelHeadersHelper: helper } = settings;
  if (isObject(block)) for (const [key, value] of Object.entries(block)) readVariable(key, value, env, find);
  else find('settings-env-shape', 'error', 'Expected "env" to be an object of texts.', '"env": { "NAME": "value" }');
  if (helper === undefined) return { env, findings };
  if (typeof helper === 'string' && helper.trim() !== '') return { env, headersHelper: helper, findings };
  const message = 'otelHeadersHelper is not the path of a program, so no headers come of it.';
  find('settings-helper-shape', 'error', message, '"otelHeadersHelper": "/path/to/program"');
  return { env, findings };
}

type Find = (id: FindingId, severity: Severity, message: string, fix: string) => void;

function readVariable(key: string, value: unknown, env: Map<string, string>, find: Find): void {
  if (key === 'otelHeadersHelper') {
    const message = 'otelHeadersHelper stands inside "env", where it means nothing.';
    find('settings-helper-in-env', 'error', message, '"otelHeadersHelper": "…" beside "env"');
  } else if (typeof value === 'string') env.set(key, value);
  else if (typeof value === 'number' || typeof value === 'boolean') {
    env.set(key, String(value));
    const message = `${key} is a ${typeof value}; values in "env" are texts, and nothing says that every version takes others.`;
    if (isTelemetryVariable(key)) find('settings-env-not-text', 'warning', message, `"${key}": "${value}"`);
  } else if (isTelemetryVariable(key)) {
    find('settings-env-not-text', 'error', `${key} is not a text, so it is not set.`, `"${key}": "…"`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
