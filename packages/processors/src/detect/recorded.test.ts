import { Buffer } from 'node:buffer';
import { readdirSync, readFileSync } from 'node:fs';
import { LogsBatch, MetricsBatch, TracesBatch } from '@otelier/otlp';
import { describe, expect, test } from 'vitest';
import { Detectors, piiDetectors, secretDetectors } from './detect.js';

const folder = new URL('../../../testing/fixtures/claude-code/', import.meta.url);
const batches = { logs: LogsBatch, metrics: MetricsBatch, traces: TracesBatch };
const detectors = new Detectors([...secretDetectors, ...piiDetectors]);

/** Every text that recorded Claude Code sessions have as an attribute, with its name, once. */
function recordedTexts(): Map<string, { name: string; text: string }> {
  const texts = new Map<string, { name: string; text: string }>();
  for (const file of readdirSync(folder, { recursive: true }) as string[]) {
    const kind = batches[file.split('.').at(-2) as keyof typeof batches];
    if (kind === undefined || !/\.(pb|json)$/.test(file)) continue;
    const bytes = readFileSync(new URL(file, folder));
    const batch = file.endsWith('.json') ? kind.fromJson(bytes) : kind.parse(bytes);
    JSON.parse(batch.toJson(), (_, value) => {
      const text: unknown = value?.value?.stringValue;
      if (typeof value?.key === 'string' && typeof text === 'string')
        texts.set(`${value.key}=${text}`, { name: value.key, text });
      return value;
    });
  }
  return texts;
}

describe('recorded Claude Code sessions, which hold neither secrets nor addresses', () => {
  const texts = recordedTexts();

  test('give no alarm', () => {
    expect(texts.size).toBeGreaterThan(1000);
    const alarms = [...texts.values()].flatMap(({ name, text }) =>
      detectors.find(text).map(({ rule }) => [name, rule]),
    );
    expect(alarms).toEqual([]);
  });

  test('hardly ever need a second look, and never because of a label', () => {
    const suspects = [...texts.values()]
      .filter(({ text }) => detectors.suspects(Buffer.from(text), 0, Buffer.byteLength(text)))
      .map(({ name }) => name);
    expect(
      [...new Set(suspects)].filter((name) => !/^prompt(_text)?$|^tool_|^error|^full_command$/.test(name)),
    ).toEqual([]);
    expect(suspects.length).toBeLessThan(texts.size / 100);
  });
});
