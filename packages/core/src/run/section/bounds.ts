import type { Processor, Traits } from '../../component.js';
import type { PipelinesConfig } from '../../config.js';
import type { Signal } from '../../signal.js';
import { parseBytes, parseDuration } from '../../units.js';
import type { Ids } from '../graph.js';
import type { Engine } from '../host.js';
import { Node } from '../node.js';
import { Section } from './section.js';

const defaultWindowMs = 3_600_000;
const defaultOutbox = 256 * 1024 ** 2;

/** Which processors form the stateful section: from the first that keeps state or merges series to the last that keeps state. */
export function sectionBounds(
  processors: readonly Traits[],
): { readonly from: number; readonly to: number } | undefined {
  const from = processors.findIndex(({ stateful, merges }) => stateful === true || merges === true);
  let to = processors.length;
  while (to > 0 && processors[to - 1]!.stateful !== true) to--;
  return to === 0 ? undefined : { from, to };
}

/** A section and the nodes at its ends. */
export function sectionEnds(
  { signal, name, path }: { readonly signal: Signal; readonly name: string; readonly path: string },
  engine: Engine,
  ids: Ids,
  limits: PipelinesConfig['limits'],
): { readonly section: Section; readonly entry: Node; readonly outbox: Node } {
  const node = (own: string, options: Traits['options']): Node => {
    const id = ids.unique(`${path}/${own}`);
    const component = { kind: 'processor', name: own, options } as unknown as Processor<Signal>;
    return new Node(id, component, signal, engine.ledger.open(id, 'processor', own, signal, name));
  };
  const windowMs = parseDuration(limits?.retryWindow ?? '') ?? defaultWindowMs;
  const outboxBytes = parseBytes(limits?.outbox ?? '') ?? defaultOutbox;
  const entry = node('deduplicate', { window: windowMs });
  const outbox = node('outbox', { maxBytes: outboxBytes });
  const section = new Section({
    ...{ path, engine, windowMs, outboxBytes },
    entryAccount: entry.account,
    account: outbox.account,
    onArrival: () => outbox.arrived(),
  });
  outbox.stage = { consume: section.gate, flush: () => section.flush(), close: () => section.close() };
  return { section, entry, outbox };
}
