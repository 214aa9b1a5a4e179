import {
  type AnyBatch,
  ConfigError,
  type Consume,
  type Flow,
  type Hooks,
  type Host,
  howFull,
  type Processor,
  parseOptions,
  type Signal,
  type Stage,
  stage,
} from '@otelier/core';
import * as v from 'valibot';
import { apply } from '../apply/apply.js';
import { eventName } from '../filter/event-name.js';
import { namePattern } from '../filter/name-pattern.js';
import { claudeCodeLevels, type ShedLevel } from './levels.js';

export { claudeCodeLevels, type Percent, type ShedLevel } from './levels.js';

/** What {@link shed} drops, and from when on. */
export interface ShedOptions {
  /** In any order. Default {@link claudeCodeLevels}: details go first, then what the agent did and spans, then prompts; cost, errors and metrics stay. */
  readonly levels?: readonly ShedLevel[];
}

/** The signals that the levels say something about: it fits into pipelines of those only. */
export type ShedSignals<O> = O extends { readonly levels: readonly (infer L)[] }
  ?
      | (L extends { readonly events: unknown } ? 'logs' : never)
      | (L extends { readonly metrics: unknown } ? 'metrics' : never)
      | (L extends { readonly spans: unknown } ? 'traces' : never)
  : 'logs' | 'traces';

/** From when on the hooks decide what stays. */
interface Step {
  readonly above: number;
  readonly hooks: Hooks;
}

const names = v.optional(
  v.pipe(v.array(v.pipe(v.string(), v.nonEmpty('a name'))), v.minLength(1, 'at least one name')),
);
const share = "a share from '0%' to '100%'";
const level = v.strictObject({
  above: v.pipe(
    v.string(),
    v.check((text) => /^\d+(\.\d+)?%$/.test(text) && Number.parseFloat(text) <= 100, share),
    v.transform((text) => Number.parseFloat(text) / 100),
  ),
  events: names,
  metrics: names,
  spans: names,
});
const schema = v.strictObject({ levels: v.optional(v.pipe(v.array(level), v.minLength(1, 'at least one level'))) });

/**
 * Drops the least important items while the collector is about to turn data away; they count as dropped, `shed`, and their senders hear of success.
 *
 * Full is the fuller of the byte budget (`limits.inFlight`, smaller while memory is short) and the fullest queue of the pipeline, read once per
 * batch. Below the lowest level batches are passed on without being looked at.
 *
 * @throws {ConfigError} when an option is not what was expected, or a level names nothing.
 */
export function shed<const O extends ShedOptions = object>(options?: O): Processor<ShedSignals<O>> {
  const levels = parseOptions('shed', schema, { levels: claudeCodeLevels, ...options }).levels ?? [];
  levels.sort((a, b) => a.above - b.above);
  for (const { events, metrics, spans } of levels) {
    if (events === undefined && metrics === undefined && spans === undefined)
      throw new ConfigError('shed: levels', 'events, metrics or spans in each level');
  }
  const stages: Partial<Record<Signal, unknown>> = {};
  const add = (
    signal: Signal,
    kind: 'events' | 'metrics' | 'spans',
    hooks: (drops: (name: string) => boolean) => Hooks,
  ) => {
    const steps: Step[] = [];
    const all: string[] = [];
    for (const { above, [kind]: more } of levels) {
      if (more === undefined) continue;
      all.push(...more);
      steps.push({ above, hooks: hooks(namePattern([...all])) });
    }
    if (steps.length > 0)
      stages[signal] = (next: Consume<AnyBatch>, host: Host): Stage<AnyBatch> => ({
        consume: shedding(steps, next, host),
      });
  };
  add('logs', 'events', (drops) => ({ logRecord: (record) => !drops(eventName(record)) }));
  add('metrics', 'metrics', (drops) => ({ dataPoint: (point) => !drops(point.metric.name) }));
  add('traces', 'spans', (drops) => ({ span: (span) => !drops(span.name) }));
  // The keys of `stages` are the signals that the levels name, which the types follow by their own way.
  return stage('shed', stages as never, {
    options: { levels: (options?.levels ?? claudeCodeLevels) as unknown },
  }) as never;
}

function shedding(steps: readonly Step[], next: Consume<AnyBatch>, host: Host): Consume<AnyBatch> {
  return (batch: AnyBatch, flow: Flow) => {
    const hooks = hooksAt(steps, howFull(host));
    if (hooks === undefined) return next(batch, flow);
    const before = batch.count;
    apply(batch, hooks, flow);
    const after = batch.count;
    if (after < before) {
      flow.drop(before - after, 'shed');
      if (after === 0) return passed;
      batch.prune();
    }
    return next(batch, flow);
  };
}

const passed: Promise<void> = Promise.resolve();

function hooksAt(steps: readonly Step[], full: number): Hooks | undefined {
  let hooks: Hooks | undefined;
  for (const step of steps) if (full > step.above) hooks = step.hooks;
  return hooks;
}
