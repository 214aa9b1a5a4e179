import { PipelineError } from '@otelier/core';
import { expect, test } from 'vitest';
import { keptFor } from './kept-for.js';

const failed = (code: string) => PipelineError.from(Object.assign(new Error('no more'), { code }));

test.each([
  ['a target that does not know us', new PipelineError('unauthenticated', 'who?'), 'unavailable'],
  ['a target that does not serve this', new PipelineError('unsupported', 'what?'), 'unavailable'],
  ['no descriptor left', failed('EMFILE'), 'unavailable'],
  ['a module that cannot be loaded', failed('MODULE_NOT_FOUND'), 'unavailable'],
  ['a component that fails on the batch', failed('ERR_ASSERTION'), 'internal'],
  ['a failure without a cause', new PipelineError('internal', 'broken'), 'internal'],
  ['bad data', new PipelineError('rejected', 'no'), 'rejected'],
  ['a reason that passes anyway', new PipelineError('deadline', 'slow'), 'deadline'],
])('%s', (_, error, code) => {
  const kept = keptFor(error);
  expect(kept.code).toBe(code);
  if (code === error.code) expect(kept).toBe(error);
  else expect(kept.cause).toBe(error);
});
