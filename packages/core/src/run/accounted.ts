// Processors that keep their component's account themselves: cheaper than watching every call from outside.
const accounted = new WeakSet<object>();

/** Marks a stage builder whose stages count what they do in their host's account. */
export function markAccounted<T extends object>(builder: T): T {
  accounted.add(builder);
  return builder;
}

/** Whether the stages of this builder count for themselves. */
export function isAccounted(builder: object): boolean {
  return accounted.has(builder);
}
