import type { Attributes, Scope } from '@otelier/otlp';
import { generationOfClaudeCode, type SdkGeneration, sdkGenerations } from './sdk-generations.js';

const unknown =
  'one pair in OTEL_RESOURCE_ATTRIBUTES that is not percent-encoded makes many clients drop all of them, or it is not set';

/** Why an attribute is missing when no attribute of the user's arrived, by the SDK that sent the resource. */
const nothingCame: Readonly<Record<SdkGeneration, string>> = {
  'js-1':
    'drop all of OTEL_RESOURCE_ATTRIBUTES for one value with a character that must be percent-encoded, or over 255 characters',
  'js-2.6':
    'drop all of OTEL_RESOURCE_ATTRIBUTES for one comma too many, one pair without exactly one "=", a stray "%" or a value over 255 characters',
  'js-2.9':
    'drop all of OTEL_RESOURCE_ATTRIBUTES for one pair without exactly one "=", with a stray "%" or a value over 255 characters',
  go: 'drop a pair of OTEL_RESOURCE_ATTRIBUTES that has no "="',
  'claude-code-2.1.330':
    'drop a pair of OTEL_RESOURCE_ATTRIBUTES without exactly one "=", with a stray "%" or a value over 255 characters',
};

/** The likely cause for an attribute that is missing, in words: what its client does with a mistake in OTEL_RESOURCE_ATTRIBUTES. */
export function missingCause(attributes: Attributes, scope: Scope | undefined, hasCustom: boolean): string {
  const generation = generationOf(attributes, scope);
  if (generation === undefined) return unknown;
  const { title, clients } = sdkGenerations.find(({ id }) => id === generation)!;
  const who = attributes.has('telemetry.sdk.language') ? title : clients;
  if (!hasCustom || generation === 'go' || generation === 'claude-code-2.1.330')
    return `clients such as this (${who}) ${nothingCame[generation]}, or it is not set`;
  return generation === 'js-1'
    ? 'the other attributes of OTEL_RESOURCE_ATTRIBUTES arrived, so its pair has not exactly one "=", or it is not set'
    : 'the other attributes of OTEL_RESOURCE_ATTRIBUTES arrived, so it is not set there';
}

/** Which generation sent a resource: Claude Code tells its version, other SDKs tell their own. */
export function generationOf(attributes: Attributes, scope: Scope | undefined): SdkGeneration | undefined {
  const isClaudeCode =
    attributes.is('service.name', 'claude-code') || scope?.name.startsWith('com.anthropic.claude_code') === true;
  if (isClaudeCode) {
    // The user's own text may set service.version; a scope's version is the client's, but for spans, which count their own.
    const version = scope?.name.endsWith('.tracing') === false ? scope.version : '';
    return generationOfClaudeCode(version) ?? generationOfClaudeCode(text(attributes, 'service.version'));
  }
  if (attributes.is('telemetry.sdk.language', 'go')) return 'go';
  if (!attributes.is('telemetry.sdk.language', 'nodejs')) return undefined;
  const version = /^(\d+)\.(\d+)\./.exec(text(attributes, 'telemetry.sdk.version'));
  if (version === null) return undefined;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  if (major < 2 || (major === 2 && minor < 6)) return 'js-1';
  return major === 2 && minor === 6 ? 'js-2.6' : 'js-2.9';
}

function text(attributes: Attributes, name: string): string {
  const value = attributes.get(name);
  return typeof value === 'string' ? value : '';
}
