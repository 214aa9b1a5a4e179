import type { Pipeline, PipelinesConfig } from '../config.js';
import type { Signal } from '../signal.js';
import { signals } from '../signal.js';
import { sectionBounds } from './section/bounds.js';

/** Something that is right but could be better. */
export interface CheckHint {
  /** Where, such as `metrics.usage.processors[1]`. */
  readonly path: string;
  readonly message: string;
}

/** Processors of ours that hold batches; others that do cannot be told from outside. */
const holding: ReadonlySet<string> = new Set(['batch']);

/**
 * Finds what a pipeline file could do better without changing what comes out: processors that hold up those that keep state, and orders that
 * cost more than another with the same totals.
 */
export function checkHints(config: PipelinesConfig): readonly CheckHint[] {
  const hints: CheckHint[] = [];
  for (const signal of signals) {
    for (const [name, pipeline] of Object.entries(config[signal] ?? {}))
      hintsOf(`${signal}.${name}`, pipeline as unknown as Pipeline<Signal>, hints);
  }
  return hints;
}

function hintsOf(path: string, { processors = [] }: Pipeline<Signal>, hints: CheckHint[]): void {
  const bounds = sectionBounds(processors);
  let cumulativeFrom: string | undefined;
  for (const [index, { name, produces, merges, stateful }] of processors.entries()) {
    const at = `${path}.processors[${index}]`;
    const inside = bounds !== undefined && index > bounds.from && index < bounds.to - 1;
    if (inside && stateful !== true && holding.has(name)) {
      hints.push({
        path: at,
        message: `${name} holds batches between processors that keep state, which take one batch at a time: put it before or after all of them`,
      });
    }
    if (merges === true && cumulativeFrom !== undefined) {
      hints.push({
        path: at,
        message: `${name} after ${cumulativeFrom} keeps a running total for each series that it merges: before it, the totals are the same and the state is smaller`,
      });
    }
    if (produces !== undefined) cumulativeFrom = produces === 'cumulative' ? name : undefined;
  }
}
