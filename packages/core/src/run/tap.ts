import type { Consume } from '../consume.js';
import { Emitter } from '../observe/emitter.js';
import type { AnyBatch } from '../signal.js';

/** A place in a pipeline at which batches can be watched. */
export class Tap {
  readonly batches: Emitter<AnyBatch> = new Emitter();

  /** Shows forks of what goes to `next` while somebody watches. */
  before<B extends AnyBatch>(next: Consume<B>): Consume<B> {
    const { batches } = this;
    return (batch, flow) => {
      if (batches.observed) batches.emit(batch.fork());
      return next(batch, flow);
    };
  }
}
