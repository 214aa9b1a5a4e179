import { readFileSync } from 'node:fs';
import { PipelineError } from '@otelier/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { largeZstd, storedZstd, zstdBlock, zstdFrame } from '../../../test/zstd.js';
import { unzstd } from './unzstd.js';

const free = { grow: () => true };
const limit = 1024 * 1024;
const text = Buffer.from('{"k":"claude_code.token.usage"}'.repeat(40));
const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
// Nine blocks that say they are compressed and could therefore hold 128 KiB each.
const compressedBlocks = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => zstdBlock(2, 3, n === 9, Buffer.from('abc')));
const refuse = async (body: Buffer, max = limit) => {
  const error = await unzstd(body, max, free).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(PipelineError);
  return (error as PipelineError).code;
};

test('stored and repeated blocks, several frames, frames to skip', async () => {
  expect(await unzstd(storedZstd(text, 100), limit, free)).toEqual(text);
  expect(await unzstd(largeZstd(300_000), limit, free)).toEqual(Buffer.alloc(300_000));
  expect(await unzstd(Buffer.concat([skippable, storedZstd(text), skippable, storedZstd(text)]), limit, free)).toEqual(
    Buffer.concat([text, text]),
  );
  expect(await unzstd(Buffer.alloc(0), limit, free)).toHaveLength(0);
  const single = zstdFrame(2, true, [zstdBlock(0, 2, true, Buffer.from('ab'))]);
  expect((await unzstd(single, limit, free)).toString()).toBe('ab');
});

const sample = (name: string) => readFileSync(new URL(`../../../test/zstd-samples/${name}.zst`, import.meta.url));
const original = (name: string) =>
  readFileSync(new URL(`../../../../testing/fixtures/claude-code/2.1.330/${name}`, import.meta.url));
const manyLines = () => Buffer.from(Array.from({ length: 40_000 }, (_, i) => `line ${(i % 977) * 7919}\n`).join(''));

test.each<[string, () => Buffer]>([
  ['level-19', () => original('tools/001.logs.pb')],
  ['level-1', () => original('tools@json/001.logs.json')],
  ['streamed', manyLines],
])('what the zstd command wrote: %s', async (name, expected) => {
  expect((await unzstd(sample(name), limit, free)).equals(expected())).toBe(true);
});

test('a damaged block is refused or read, never a failure of ours', async () => {
  const whole = sample('level-19');
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 6, max: whole.length - 1 }), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      async (edits) => {
        const body = Buffer.from(whole);
        for (const [at, byte] of edits) body[at] = byte;
        const error = await unzstd(body, limit, free).catch((reason: unknown) => reason);
        expect(error instanceof Uint8Array || error instanceof PipelineError).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});

test('a few bytes that ask for billions of copies are refused at once', async () => {
  const sequences = [0x7f, 0x54, 0, 0, 52];
  const block = Buffer.from([1 << 3, 0x61, ...sequences, ...new Array(19).fill(0), 1]);
  expect(
    await refuse(
      Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x38]), zstdBlock(2, block.length, true, block)]),
    ),
  ).toBe('rejected');
});

test('every cut of a body is refused', async () => {
  const body = storedZstd(text, 500);
  for (let end = 1; end < body.length; end++) expect(await refuse(body.subarray(0, end))).toBe('rejected');
});

test('a declared size that the blocks cannot hold is refused before anything is allocated', async () => {
  expect(await refuse(zstdFrame(1_000_000, false, [zstdBlock(0, 2, true, Buffer.from('ab'))]))).toBe('rejected');
  expect(await refuse(zstdFrame(1, false, [zstdBlock(0, 2, true, Buffer.from('ab'))]))).toBe('rejected');
});

test.each<[string, Buffer, string]>([
  ['bytes behind the last frame', Buffer.concat([storedZstd(text), Buffer.from('x')]), 'rejected'],
  ['no zstd at all', Buffer.from('hello world'), 'rejected'],
  ['a reserved block type', zstdFrame(2, false, [zstdBlock(3, 2, true, Buffer.from('ab'))]), 'rejected'],
  ['a block over 128 KiB', zstdFrame(200_000, false, [zstdBlock(1, 200_000, true, Buffer.from('a'))]), 'rejected'],
  ['a block over the window', zstdFrame(5000, false, [zstdBlock(1, 5000, true, Buffer.from('a'))], 0x00), 'rejected'],
  ['a window of 1 GiB', zstdFrame(2, false, [zstdBlock(0, 2, true, Buffer.from('ab'))], 0xa0), 'too-large'],
  ['a declared size over the limit', zstdFrame(limit + 1, false, compressedBlocks), 'too-large'],
  ['a dictionary', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x01, 0x38, 7, 1, 0, 0]), 'rejected'],
  ['blocks that unfold past the limit', largeZstd(3 * limit), 'too-large'],
])('%s', async (_, body, code) => {
  expect(await refuse(body)).toBe(code);
});

test('stops when the budget is used up', async () => {
  await expect(unzstd(largeZstd(300_000), limit, { grow: () => false })).rejects.toThrow('[overloaded]');
});
