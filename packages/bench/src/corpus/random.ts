// A small congruential generator: benchmarks need the same bytes on every machine, not good randomness.
let state = 1;

/** A number in [0, 1), from the sequence that {@link resetRandom} starts anew. */
export function random(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 4_294_967_296;
}

/** Starts the sequence anew. */
export function resetRandom(): void {
  state = 20_261_122;
}

/** `length` characters of lower-case hex. */
export function id(length: number): string {
  let made = '';
  while (made.length < length) made += Math.floor(random() * 16).toString(16);
  return made;
}

/** One of the values. */
export function pick<T>(values: readonly T[]): T {
  return values[Math.floor(random() * values.length)] as T;
}
