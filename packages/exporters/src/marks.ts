import type { AnyBatch } from '@otelier/core';

// What a wrapper can do for a batch beyond the contract of exporters, told to the wrappers inside it. A batch goes there as the object that it is;
// a flow does not.
const wanting: WeakSet<object> = new WeakSet();
const patient: WeakSet<object> = new WeakSet();

/**
 * Marks a batch: whoever gets it gives the parts that are refused for good back in an `UndeliveredPartsError` instead of refusing them, because the
 * caller can do more for them (cut them smaller, put them away).
 */
export function wantingParts<B extends object>(batch: B): B {
  wanting.add(batch);
  return batch;
}

/** Whether a batch is marked by {@link wantingParts}. */
export function wantsParts(batch: object): boolean {
  return wanting.has(batch);
}

/**
 * Marks a batch: the caller keeps it, and tries again by itself after a failure that may pass. Whoever gets it need not wait for that, and hold
 * the caller's worker meanwhile.
 */
export function keptByCaller<B extends AnyBatch>(batch: B): B {
  patient.add(batch);
  return batch;
}

/** Whether a batch is marked by {@link keptByCaller}. */
export function isKeptByCaller(batch: object): boolean {
  return patient.has(batch);
}

/** Marks a batch as kept by the caller when another is. */
export function keptAs<B extends AnyBatch>(batch: B, other: object): B {
  if (patient.has(other)) patient.add(batch);
  return batch;
}

/** Gives a batch the marks of another that it is made from. */
export function markedAs<B extends AnyBatch>(batch: B, other: object): B {
  if (wanting.has(other)) wanting.add(batch);
  return keptAs(batch, other);
}
