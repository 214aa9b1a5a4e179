import { buildLogs } from '@otelier/otlp';
import { describe, expect, test } from 'vitest';
import { validate } from './validate-resource.js';

const claudeCode = { name: 'com.anthropic.claude_code.events' };

const cause = (attributes: Record<string, string>, scope: { name?: string; version?: string } = { name: 'x' }) => {
  const batch = buildLogs([{ resource: { attributes }, scope, records: [{}] }]);
  return validate(batch, { required: ['team.id'] }).findings.find(({ fault }) => fault === 'missing')?.cause;
};

describe('the likely cause of a missing attribute', () => {
  test.each([
    [
      { 'service.name': 'claude-code', 'service.version': '2.1.9' },
      /Claude Code up to 2.1.250.* drop all of OTEL_RESOURCE_ATTRIBUTES/,
    ],
    [
      { 'service.name': 'claude-code', 'service.version': '2.1.9', other: 'a' },
      /the other attributes .* arrived, so its pair has not exactly one "="/,
    ],
    [{ 'service.name': 'claude-code', 'service.version': '2.1.330' }, /Claude Code 2.1.330 and newer.* drop a pair/],
    [{ 'telemetry.sdk.language': 'nodejs', 'telemetry.sdk.version': '1.30.1' }, /JavaScript up to 2.5.* drop all/],
    [{ 'telemetry.sdk.language': 'nodejs', 'telemetry.sdk.version': '2.6.1' }, /JavaScript 2.6\).* one comma too many/],
    [{ 'telemetry.sdk.language': 'nodejs', 'telemetry.sdk.version': '2.12.0' }, /JavaScript 2.7 and newer.* drop all/],
    [
      { 'telemetry.sdk.language': 'nodejs', 'telemetry.sdk.version': '2.12.0', other: 'a' },
      /arrived, so it is not set there/,
    ],
    [{ 'telemetry.sdk.language': 'go', 'telemetry.sdk.version': '1.40.0' }, /OpenTelemetry Go.* has no "="/],
    [{ 'telemetry.sdk.language': 'python' }, /^one pair in OTEL_RESOURCE_ATTRIBUTES/],
    [{}, /^one pair in OTEL_RESOURCE_ATTRIBUTES/],
  ] as const)('of %j', (attributes, expected) => {
    expect(cause(attributes)).toMatch(expected);
  });

  test("goes by the scope's version where the user's text set another service.version", () => {
    const renamed = { 'service.name': 'mine', 'service.version': '9.9.9' };
    expect(cause(renamed, { ...claudeCode, version: '2.1.45' })).toMatch(/up to 2.1.250/);
    expect(cause(renamed, { name: 'com.anthropic.claude_code.tracing', version: '1.0.0' })).toMatch(
      /2.1.330 and newer/,
    );
  });
});
