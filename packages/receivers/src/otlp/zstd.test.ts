import { PipelineError } from '@otelier/core';
import { expect, test } from 'vitest';
import { largeZstd, storedZstd, zstdBlock, zstdFrame } from '../../test/zstd.js';
import { unzstd } from './zstd.js';

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
