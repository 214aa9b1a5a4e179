import type { Processor, ProcessorStage, Traits } from '../component.js';
import type { Signal } from '../signal.js';

/**
 * Makes a processor with full control of what follows it: hold, split, route, retry, short-circuit.
 *
 * What the stage holds it must settle: when `consume` resolves, the batch was passed on or dropped for good.
 */
export function stage<S extends Signal>(
  name: string,
  stages: { readonly [K in S]: ProcessorStage<K> },
  traits: Traits = {},
): Processor<S> {
  return {
    kind: 'processor',
    name,
    ...traits,
    ...(stages as { readonly [K in S]: ProcessorStage<K> }),
  } as Processor<S>;
}
