import { PipelineError } from '@otelier/core';
import { expect, test } from 'vitest';
import { logs } from '../test/host.js';
import { keptFor } from './kept-for.js';
import { UndeliveredPartsError } from './parts.js';

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

test('of a batch that was delivered in part, what a target does not take from us is left to be delivered', () => {
  const [unknown, bad, left] = [logs(1), logs(2), logs(3)];
  const refused = [
    { batch: bad, error: new PipelineError('rejected', 'no') },
    { batch: unknown, error: new PipelineError('unauthenticated', 'who?') },
  ];
  const final = keptFor(new UndeliveredPartsError(new PipelineError('rejected', 'no'), [], refused));
  expect(final).toMatchObject({ code: 'unavailable', undelivered: [unknown], refused: [{ batch: bad }] });
  const busy = new PipelineError('overloaded', 'busy', { retryAfterMs: 5 });
  const passing = keptFor(new UndeliveredPartsError(busy, [left], refused));
  expect(passing).toMatchObject({ code: 'overloaded', retryAfterMs: 5, undelivered: [left, unknown] });
  const about = new UndeliveredPartsError(busy, [left], refused.slice(0, 1));
  expect(keptFor(about)).toBe(about);
});
