import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { meaning, officialMeaning } from '../../test/oracle.js';
import { recorded } from '../../test/recorded.js';
import { kindOf, messages, requestKind } from './schema.js';

describe('the schema table', () => {
  it('numbers the fields of a message once and in order', () => {
    for (const { name, fields } of messages) {
      const numbers = fields.map((field) => field.number);
      expect(numbers, name).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    }
  });

  it('is what the official generated code reads, field for field', () => {
    const require = createRequire(import.meta.url);
    const main = require.resolve('otlp-transformer-208');
    const code = readFileSync(main.replace(/index\.js$/, 'generated/root.js'), 'utf8');
    const theirs = new Map<string, string[]>();
    for (const [, name, body] of code.matchAll(/(\w+)\.decode = function decode\((.*?)return message;/gs)) {
      const fields = [...body!.matchAll(/case (\d+): \{(.*?)break;/gs)].map(([, number, read]) => {
        const field = /message\.(\w+)/.exec(read!)?.[1];
        const type = /(\w+)\.decode\(reader/.exec(read!)?.[1] ?? [...read!.matchAll(/reader\.(\w+)\(\)/g)].at(-1)?.[1];
        return `${number} ${field} ${type}`;
      });
      theirs.set(name!, fields.sort());
    }
    const renamed: { [ours: string]: string } = { SpanEvent: 'Event', SpanLink: 'Link', SpanStatus: 'Status' };
    for (const { name, fields } of messages) {
      if (/^(RpcStatus|Any|RetryInfo|Duration|EntityRef)$/.test(name)) continue; // not all are OTLP's
      const ours = fields.map(({ number, json, type, message }) => {
        const read = { id: 'bytes', enum: 'int32', message: renamed[message] ?? message };
        return `${number} ${json} ${read[type as keyof typeof read] ?? type}`;
      });
      expect(ours.sort(), name).toEqual(theirs.get(renamed[name] ?? name));
    }
  });

  it('understands recorded requests as the official code does', () => {
    for (const { path, signal, bytes } of recorded('pb')) {
      expect(withoutZeros(meaning(requestKind[signal], bytes)), path).toEqual(
        withoutZeros(officialMeaning(signal, bytes)),
      );
    }
  });

  it('knows no message of another name', () => {
    expect(() => kindOf('Profile')).toThrow('no OTLP message is called Profile');
  });
});

/** One spelling for what two JSON writers spell differently: zeros, ids, enum and number types. */
function withoutZeros(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutZeros);
  if (typeof value !== 'object' || value === null) return typeof value === 'number' ? String(value) : value;
  const entries = Object.entries(value).filter(
    ([name, each]) => !(isDefault(each) && !/^(as|int|double|bool|string|sum|min|max)/.test(name)),
  );
  return Object.fromEntries(entries.map(([name, each]) => [name, withoutZeros(each)]));
}

const isDefault = (value: unknown): boolean =>
  value === 0 || value === '0' || value === '' || value === false || (Array.isArray(value) && value.length === 0);
