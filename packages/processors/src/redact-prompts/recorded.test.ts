import { readdirSync, readFileSync } from 'node:fs';
import type { AnyBatch } from '@otelier/core';
import { LogsBatch, MetricsBatch, TracesBatch } from '@otelier/otlp';
import { describe, expect, test } from 'vitest';
import { contentAttributes, redactBatch } from '../redact/redact.js';
import { promptOptions, type RedactPromptsOptions } from './redact-prompts.js';

const redact = <B extends AnyBatch>(batch: B, options: RedactPromptsOptions = {}): B =>
  redactBatch(batch, promptOptions(options));

const folder = new URL('../../../testing/fixtures/claude-code/', import.meta.url);
const files = (readdirSync(folder, { recursive: true }) as string[])
  .filter((name) => /\d\.(logs|metrics|traces)\./.test(name))
  .sort();
const batches = { logs: LogsBatch, metrics: MetricsBatch, traces: TracesBatch };

function load(file: string): AnyBatch {
  const bytes = readFileSync(new URL(file, folder));
  const kind = batches[file.split('.').at(-2) as keyof typeof batches];
  return file.endsWith('.json') ? kind.fromJson(bytes) : kind.parse(bytes);
}

const text = (batch: AnyBatch): string => batch.bytes().toString('latin1') + batch.toJson();

/** Everything that a batch says, as plain JSON, with the attributes that hold content left out. */
function withoutContent(batch: AnyBatch): unknown {
  return JSON.parse(batch.toJson(), (_, value) => {
    if (!Array.isArray(value)) return value;
    return value.filter((each) => !(typeof each?.key === 'string' && contentAttributes.includes(each.key)));
  });
}

describe('recorded Claude Code sessions', () => {
  test('hold private text before', () => {
    expect(files.length).toBeGreaterThan(100);
    const telling = files.filter((file) => text(load(file)).includes('CANARY_'));
    expect(telling.length).toBeGreaterThan(10);
    expect(new Set(telling.map((file) => file.split('/')[0])).size).toBe(2);
    expect(telling.some((file) => file.includes('.traces.'))).toBe(true);
    expect(telling.some((file) => file.endsWith('.json'))).toBe(true);
  });

  for (const mask of ['length', 'fixed', 'remove'] as const) {
    test(`hold none afterwards, and everything else (mask: ${mask})`, () => {
      for (const file of files) {
        const before = load(file);
        const after = redact(load(file), { mask });
        expect(after.count, file).toBe(before.count);
        expect(text(after), file).not.toContain('CANARY_');
        expect(withoutContent(after), file).toEqual(withoutContent(before));
      }
    });
  }

  test('leave as the very bytes that came when they hold no content', () => {
    let clean = 0;
    for (const file of files.filter((name) => name.endsWith('.metrics.pb'))) {
      const bytes = readFileSync(new URL(file, folder));
      const batch = redact(MetricsBatch.parse(bytes));
      expect(batch.dirty, file).toBe(false);
      expect(batch.bytes().equals(bytes), file).toBe(true);
      clean++;
    }
    expect(clean).toBeGreaterThan(30);
  });

  test('are not changed by a second pass', () => {
    for (const file of files) {
      const once = redact(load(file)).bytes();
      const again = redact(load(file));
      redact(again);
      expect(again.bytes().equals(once), file).toBe(true);
    }
  });
});
