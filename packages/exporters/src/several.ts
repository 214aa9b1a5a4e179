import {
  ConfigError,
  type Exporter,
  type ExporterStage,
  exporterStage,
  type FieldClass,
  fieldClasses,
  type Host,
  innerStage,
  type Signal,
  type Signals,
  type Stage,
  signals,
  type Traits,
} from '@otelier/core';

/** One of several exporters inside another, under the name that tells it from the others. */
export interface Member<S extends Signal> {
  readonly name: string;
  /** Where it stands in the options, for errors: `[1]`, `.deadLetter`. */
  readonly path: string;
  readonly exporter: Exporter<S>;
}

/** A {@link Member} that runs. */
export interface RunningMember<B> {
  readonly name: string;
  readonly stage: Stage<B>;
}

/** The running form of an exporter around several, but for their start and end. */
export interface SeveralStage<B> extends Pick<Stage<B>, 'consume' | 'flush' | 'close'> {}

/** Names for the exporters of a list: their own, and `#2` behind the second of a name. */
export function listed<S extends Signal>(component: string, exporters: readonly Exporter<S>[]): Member<S>[] {
  if (!Array.isArray(exporters) || exporters.length === 0) throw new ConfigError(component, 'at least one exporter');
  const seen = new Map<string, number>();
  return exporters.map((exporter, i) => {
    const times = (seen.get(exporter?.name) ?? 0) + 1;
    seen.set(exporter?.name, times);
    return { name: times === 1 ? exporter?.name : `${exporter.name}#${times}`, path: `[${i}]`, exporter };
  });
}

/**
 * Makes an exporter around several: for the signals that all of them take, with what they need together and the options of all for printing.
 *
 * Members start before the stage around them takes anything. At a drain they are flushed first, then it; at the end it is closed first.
 *
 * @throws {ConfigError} when one is no exporter, no signal is common to all, or they want different temporalities.
 */
export function aroundSeveral<S extends Signal>(
  component: string,
  members: readonly Member<S>[],
  options: Readonly<Record<string, unknown>>,
  make: (members: readonly RunningMember<Signals[S]>[], host: Host) => SeveralStage<Signals[S]>,
): Exporter<S> {
  for (const { exporter, path } of members) {
    if (exporter?.kind !== 'exporter') throw new ConfigError(`${component}${path}`, 'an exporter');
  }
  const stages: Record<string, ExporterStage<S>> = {};
  for (const signal of signals as readonly S[]) {
    if (members.every(({ exporter }) => exporter[signal] !== undefined))
      stages[signal] = (host) => running(members, signal, host, make);
  }
  if (Object.keys(stages).length === 0)
    throw new ConfigError(component, 'exporters with a signal that all of them take');
  // The keys of `stages` are signals of every member, which the compiler cannot follow.
  return exporterStage<S>(component, stages as never, { options, ...sharedTraits(component, members) });
}

/** The needs of exporters that get the same data: a temporality that suits all, and the narrowest clearance. */
export function sharedTraits(
  component: string,
  members: readonly Pick<Member<never>, 'path' | 'exporter'>[],
): Pick<Traits, 'accepts' | 'clearance'> {
  let accepts: Traits['accepts'];
  let clearance: readonly FieldClass[] | undefined;
  for (const { exporter, path } of members) {
    if (accepts !== undefined && exporter.accepts !== undefined && exporter.accepts !== accepts)
      throw new ConfigError(`${component}${path}`, `an exporter that accepts ${accepts} metrics, as the others do`);
    accepts ??= exporter.accepts;
    const its = exporter.clearance;
    if (its !== undefined)
      clearance = fieldClasses.filter((each) => its.includes(each) && (clearance?.includes(each) ?? true));
  }
  return { ...(accepts && { accepts }), ...(clearance && { clearance }) };
}

/** How an inner exporter is shown: its name, and its options if it has any. */
export function shownAs({ name, options }: Pick<Exporter<never>, 'name' | 'options'>): unknown {
  return options === undefined ? name : { [name]: options };
}

/** The stage of an inner exporter under another name, which is its name in accounts and logs. */
export function innerStageAs<S extends Signal>(
  name: string,
  exporter: Exporter<S>,
  signal: S,
  host: Host,
): Stage<Signals[S]> {
  return innerStage(exporterStage<S>(name, { [signal]: exporter[signal] } as never), signal, host);
}

function running<S extends Signal>(
  members: readonly Member<S>[],
  signal: S,
  host: Host,
  make: (members: readonly RunningMember<Signals[S]>[], host: Host) => SeveralStage<Signals[S]>,
): Stage<Signals[S]> {
  const inner = members.map(({ name, exporter }) => ({ name, stage: innerStageAs(name, exporter, signal, host) }));
  const outer = make(inner, host);
  return {
    consume: outer.consume,
    async start() {
      for (const { stage } of inner) await stage.start?.();
    },
    async flush() {
      await Promise.all(inner.map(({ stage }) => stage.flush?.()));
      await outer.flush?.();
    },
    async close() {
      await outer.close?.();
      await closeAll(inner.map(({ stage }) => stage));
    },
  };
}

/** Closes all of them, also when one fails; the first failure is thrown in the end. */
export async function closeAll(stages: readonly Pick<Stage<never>, 'close'>[]): Promise<void> {
  const ends = await Promise.allSettled(stages.map(async (stage) => stage.close?.()));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
