import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeMessage, random } from '../../test/odd-messages.js';
import { meaning } from '../../test/oracle.js';
import { numRuns, requests } from '../../test/requests.js';
import { LogsBatch } from '../logs/logs-batch.js';
import { MetricsBatch } from '../metrics/metrics-batch.js';
import { messages, requestKind } from '../schema/schema.js';
import { TracesBatch } from '../traces/traces-batch.js';
import type { Signal } from '../wire/signal.js';
import type { Edits } from './edits.js';
import { Entry } from './entry.js';
import { rewriteText, type TextSink } from './rewrite-text.js';
import { owners, textFields } from './table.js';

const batches = { logs: LogsBatch, metrics: MetricsBatch, traces: TracesBatch } as const;
const signals = ['logs', 'metrics', 'traces'] as const;

/** Leaves everything as it is; tests replace what they are about. */
class Sink implements TextSink {
  text(_: Edits, __: number, ___: number, ____: number, _____: number): void {}
  attribute(_: Edits, __: number, ___: number, ____: number, _____: number): void {}
  body(_: Edits, __: number, ___: number, ____: number): void {}
  unknown(_: Edits, __: number, ___: number): void {}
  enter(_: Edits, __: number): void {}
  leave(_: Edits, __: number, ___: number): void {}
}

/** Writes `x` in place of every text and of every attribute's value, however deep the messages around it. */
class Xes extends Sink {
  readonly seen: Set<string> = new Set();
  private readonly entry = new Entry();
  private readonly replacement: string;

  constructor(replacement: string) {
    super();
    this.replacement = replacement;
  }

  override text(edits: Edits, field: number, at: number, from: number, to: number): void {
    this.seen.add(textFields[field]!.name);
    // The other decoder does not tell an empty text from none.
    if (from === to) return;
    if (textFields[field]!.type === 'id') edits.remove(at, to);
    else edits.text(at, to, edits.bytes[at]!, this.replacement);
  }

  override attribute(edits: Edits, owner: number, at: number, from: number, to: number): void {
    this.seen.add(owners[owner]!);
    if (!this.entry.read(edits.bytes, from, to) || this.entry.valueAt === to) {
      edits.remove(at, to);
      return;
    }
    edits.enter(at + 1, from, to);
    edits.value(this.entry.valueAt, to, 0x12, this.replacement);
    edits.leave();
  }

  override body(edits: Edits, at: number, _: number, to: number): void {
    this.seen.add('body');
    edits.value(at, to, edits.bytes[at]!, this.replacement);
  }

  override unknown(edits: Edits, at: number, to: number): void {
    edits.remove(at, to);
  }
}

/** What {@link Xes} should make of what the independent decoder reads. */
function replaced(kind: string, value: unknown, text: string): unknown {
  if (Array.isArray(value)) return value.map((each) => replaced(kind, each, text));
  if (typeof value !== 'object' || value === null) return value;
  const fields = messages.find(({ name }) => name === kind)!.fields;
  const out: Record<string, unknown> = {};
  for (const [name, held] of Object.entries(value)) {
    const field = fields.find(({ json }) => json === name)!;
    if (field.type === 'id') continue;
    if (field.message === 'KeyValue') {
      const kept = (held as { key?: string; value?: unknown }[]).filter((each) => each.value !== undefined);
      if (kept.length > 0) out[name] = kept.map((each) => ({ ...each, value: { stringValue: text } }));
    } else if (field.message === 'AnyValue') out[name] = { stringValue: text };
    else if (field.type === 'message') out[name] = replaced(field.message, held, text);
    else if (field.type === 'string' || field.type === 'bytes') {
      const each = Array.isArray(held) ? held.map((element) => (element === '' ? '' : text)) : text;
      if (text !== '' || Array.isArray(held)) out[name] = each;
    } else out[name] = held;
  }
  return out;
}

const parsed = (signal: Signal, bytes: Buffer) => batches[signal].parse(bytes);

describe.each(signals)('%s', (signal) => {
  const root = messages[requestKind[signal]]!.name;

  test('of which nothing is replaced stay the very bytes that they were', () => {
    fc.assert(
      fc.property(requests[signal], (request) => {
        const batch = parsed(signal, request);
        const before = batch.bytes();
        expect(rewriteText(batch, new Sink())).toBe(false);
        expect(batch.bytes()).toBe(before);
      }),
      { numRuns },
    );
  });

  test('have every text replaced, and nothing else, with right lengths around it', () => {
    fc.assert(
      // Long replacements change the width of lengths at every level.
      fc.property(requests[signal], fc.constantFrom('', 'x', 'x'.repeat(130), 'x'.repeat(20_000)), (request, text) => {
        const batch = parsed(signal, request);
        const before = meaning(requestKind[signal], batch.bytes());
        const count = batch.count;
        rewriteText(batch, new Xes(text));
        const after = batch.bytes();
        expect(meaning(requestKind[signal], after)).toEqual(replaced(root, before, text));
        expect(parsed(signal, after).bytes().equals(after)).toBe(true);
        expect(batch.count).toBe(count);
      }),
      { numRuns },
    );
  });
});

test('no place that the schema knows is left out', () => {
  const sink = new Xes('x');
  const next = random(7);
  for (let i = 0; i < 2000; i++)
    for (const signal of signals) {
      const batch = parsed(signal, makeMessage(requestKind[signal], next, 0.2));
      rewriteText(batch, sink);
    }
  const inRequests = reachable();
  const places = textFields.filter(({ message }) => inRequests.has(message)).map(({ name }) => name);
  expect([...sink.seen].sort()).toEqual([...places, ...owners, 'body'].sort());
});

function reachable(): Set<string> {
  const found = new Set<string>();
  const visit = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    for (const { message } of messages.find((each) => each.name === name)!.fields) if (message !== '') visit(message);
  };
  for (const signal of signals) visit(messages[requestKind[signal]]!.name);
  return found;
}

describe('edits', () => {
  test('that were taken back leave no trace', () => {
    class Undecided extends Xes {
      override attribute(edits: Edits, owner: number, at: number, from: number, to: number): void {
        const mark = edits.mark();
        super.attribute(edits, owner, at, from, to);
        edits.rollback(mark);
      }
      override text(): void {}
      override body(): void {}
      override unknown(): void {}
    }
    fc.assert(
      fc.property(requests.metrics, (request) => {
        const batch = parsed('metrics', request);
        const before = batch.bytes();
        expect(rewriteText(batch, new Undecided('other'))).toBe(false);
        expect(batch.bytes()).toBe(before);
      }),
      { numRuns },
    );
  });

  test('of a walk that throws are not made, and the next walk starts anew', () => {
    class Failing extends Xes {
      override leave(): void {
        throw new Error('no');
      }
    }
    fc.assert(
      fc.property(requests.logs, (request) => {
        const batch = parsed('logs', request);
        const before = Buffer.from(batch.bytes());
        if (batch.count === 0) return;
        try {
          rewriteText(batch, new Failing('x'));
        } catch {
          expect(batch.bytes().equals(before)).toBe(true);
        }
        expect(rewriteText(parsed('logs', before), new Sink())).toBe(false);
      }),
      { numRuns },
    );
  });

  test('of one fork do not show in the other', () => {
    fc.assert(
      fc.property(requests.traces, (request) => {
        const batch = parsed('traces', request);
        const fork = batch.fork();
        const before = Buffer.from(fork.bytes());
        rewriteText(batch, new Xes('x'));
        expect(fork.bytes().equals(before)).toBe(true);
      }),
      { numRuns },
    );
  });
});
