import type { Receiver } from '../component.js';
import type { Signal } from '../signal.js';

/** What a receiver may say about itself beside what it emits. */
export interface ReceiverTraits {
  readonly key?: string;
  readonly options?: Readonly<Record<string, unknown>>;
}

/** Makes a receiver from the signals that it emits and a function that starts it. */
export function receiver<const S extends Signal>(
  name: string,
  emits: readonly S[],
  start: Receiver<S>['start'],
  traits: ReceiverTraits = {},
): Receiver<S> {
  const emitted = Object.fromEntries(emits.map((signal) => [signal, true]));
  return { kind: 'receiver', name, emits: emitted as { readonly [K in S]: true }, start, ...traits };
}
