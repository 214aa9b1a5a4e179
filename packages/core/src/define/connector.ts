import type { Exporter, Outlets, Receiver, Traits } from '../component.js';
import type { Consume, Stage } from '../consume.js';
import { PipelineError } from '../error.js';
import type { Host } from '../host.js';
import { engineOf } from '../run/account-of.js';
import type { AnyBatch, Signal, Signals } from '../signal.js';

/** Both ends of a connector: wire `input` among the exporters of one pipeline and `output` among the receivers of another. */
export interface Connector<From extends Signal, To extends Signal> {
  readonly input: Exporter<From>;
  readonly output: Receiver<To>;
}

/** What the two ends of a connector have in common. */
export interface ConnectorLink {
  readonly name: string;
}

const noEngine = {};
const linked = new WeakMap<object, ConnectorLink>();

/** The connector that a component is an end of. */
export function linkOf(component: object): ConnectorLink | undefined {
  return linked.get(component);
}

/**
 * Makes a connector: the end of one pipeline that is the beginning of another, of the same signal or another.
 *
 * `make` builds the stage that takes batches of `from`; what it awaits from `out` is acknowledged to the sender of its input. The input's
 * account counts items of `from` (delivered when `consume` resolves), the output's account items of `to`.
 *
 * A connector that counts passes on no texts: `traits` say so with `removes`, and `otelier check` follows.
 *
 * ```ts
 * const apiErrors = connector('api-errors', 'logs', 'metrics', (out) => ({
 *   consume: async (batch, flow) => out(countErrors(batch), flow),
 * }));
 * ```
 */
export function connector<From extends Signal, To extends Signal>(
  name: string,
  from: From,
  to: To,
  make: (out: Consume<Signals[To]>, host: Host) => Stage<Signals[From]>,
  traits: Pick<Traits, 'options' | 'removes'> = {},
): Connector<From, To> {
  const link: ConnectorLink = { name };
  // One connector may run in several collectors at a time, as in tests that run side by side.
  const outlets = new WeakMap<object, Outlets<To>>();
  const stage = (host: Host): Stage<Signals[From]> => {
    const engine = engineOf(host) ?? noEngine;
    const out = (batch: Signals[To], flow: Parameters<Consume<AnyBatch>>[1]): Promise<void> => {
      // The optional property of a mapped type over a type parameter is a Consume or undefined, which the compiler cannot resolve.
      const target = outlets.get(engine)?.[to] as Consume<Signals[To]> | undefined;
      if (target === undefined)
        return Promise.reject(new PipelineError('unavailable', `connector ${name} has no running output`));
      return target(batch, flow);
    };
    return make(out, host);
  };
  const input = { kind: 'exporter', name, ...traits, [from]: stage } as unknown as Exporter<From>;
  const output = {
    kind: 'receiver',
    name,
    emits: { [to]: true },
    start: async (out: Outlets<To>, host: Host) => {
      outlets.set(engineOf(host) ?? noEngine, out);
      return { stop: async () => {}, close: async () => {} };
    },
  } as unknown as Receiver<To>;
  linked.set(input, link);
  linked.set(output, link);
  return { input, output };
}
