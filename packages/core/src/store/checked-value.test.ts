import fc from 'fast-check';
import { expect, test } from 'vitest';
import { found, opened, sealed } from './checked-value.js';

const keys = fc.uint8Array({ minLength: 1, maxLength: 40 });
const bytes = fc.uint8Array({ maxLength: 40 });
const change = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));

function changed(of: Uint8Array, [at, by]: readonly [number, number]): Buffer {
  const copy = Buffer.from(of);
  copy[at % of.length]! ^= by;
  return copy;
}

test('a value is read as it was written, whatever becomes of the byte that says how', () => {
  fc.assert(
    fc.property(keys, bytes, fc.integer({ min: 1, max: 255 }), (key, value, first) => {
      const stored = sealed(key, value);
      expect(opened(key, stored)).toEqual(Buffer.from(value));
      expect(found(stored)).toEqual(Buffer.from(value));
      stored[0] = first;
      expect(opened(key, stored)).toEqual(Buffer.from(value));
    }),
  );
});

test('a value or key of which a byte was changed is not taken for what was written', () => {
  fc.assert(
    fc.property(keys, bytes, change, (key, value, by) => {
      const stored = sealed(key, value);
      expect(opened(changed(key, by), stored)).toBeUndefined();
      const damaged = Buffer.concat([stored.subarray(0, 1), changed(stored.subarray(1), by)]);
      expect(opened(key, damaged)).toBeUndefined();
    }),
  );
});

test('a value of a store from before there were checksums is read as it is, and one of zeros is none', () => {
  fc.assert(
    fc.property(keys, bytes, (key, value) => {
      const stored = Buffer.from([1, ...value]);
      expect(opened(key, stored)).toEqual(Buffer.from(value));
      expect(found(stored)).toEqual(Buffer.from(value));
      expect([opened(key, Buffer.alloc(value.length)), found(Buffer.alloc(value.length))]).toEqual([
        undefined,
        undefined,
      ]);
    }),
  );
});
