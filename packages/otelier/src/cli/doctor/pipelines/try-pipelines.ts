import { type PipelinesConfig, type Signal, signals } from '@otelier/core';
import { type Entrance, type Exit, rehearse } from '../../rehearse/rehearse.js';
import type { Canary } from '../probe/canary.js';
import { compare, type FieldChange, flatten } from './flat.js';

/** What would leave one exporter of the canary of one signal. */
export interface ExitReport {
  readonly signal: Signal;
  readonly exporter: string;
  /** `logs.events.exporters[0]`. */
  readonly paths: readonly string[];
  /** How many records, points or spans of the one that was sent. */
  readonly items: number;
  /** What is different in them; of several items, in the first. */
  readonly changes: readonly FieldChange[];
  /** Of the metric that left. */
  readonly temporality?: string;
  /** The canary's id is still in it. */
  readonly marked: boolean;
  /** Where a file exporter writes this signal. */
  readonly file?: string;
}

/** What a pipeline file would do with the canary. */
export interface PipelinesReport {
  readonly file: string;
  readonly exits: readonly ExitReport[];
  /** What the pipelines said to the sender, by signal, when they did not take the canary. */
  readonly refusals: readonly { readonly signal: Signal; readonly message: string }[];
  /** Signals that no pipeline takes. */
  readonly untaken: readonly Signal[];
}

/** Sends the canary through the pipelines of a file, with memory in place of receivers and exporters. */
export async function tryPipelines(file: string, config: PipelinesConfig, canary: Canary): Promise<PipelinesReport> {
  const exits: ExitReport[] = [];
  const refusals: { signal: Signal; message: string }[] = [];
  const untaken: Signal[] = [];
  for (const signal of signals) {
    // One run for each signal: connectors may make one of another.
    const rehearsal = await rehearse(config);
    const entrances = doors(rehearsal.entrances).filter(({ pipelines }) =>
      pipelines.some((path) => path.startsWith(`${signal}.`)),
    );
    if (entrances.length === 0) untaken.push(signal);
    for (const entrance of entrances) {
      try {
        const { refused, refusal } = await rehearsal.send(entrance, canary.batches[signal].fork());
        if (refused > 0) refusals.push({ signal, message: refusal });
      } catch (error) {
        refusals.push({ signal, message: error instanceof Error ? error.message : String(error) });
      }
    }
    await rehearsal.end();
    exits.push(
      ...rehearsal.exits.filter(({ paths }) => paths.some(reaches(signal))).map((exit) => report(exit, signal, canary)),
    );
  }
  return { file, exits, refusals, untaken };
}

/** Where OTLP comes in; in a file without such a door, all its receivers. */
function doors(entrances: readonly Entrance[]): readonly Entrance[] {
  const otlp = entrances.filter(({ receiver }) => receiver.name === 'otlp');
  return otlp.length > 0 ? otlp : entrances;
}

function reaches(signal: Signal): (path: string) => boolean {
  return (path) => path.startsWith(`${signal}.`);
}

function report({ exporter, paths, received }: Exit, signal: Signal, canary: Canary): ExitReport {
  const [sent = new Map()] = flatten(canary.batches[signal].fork());
  const items = received.filter((batch) => batch.signal === signal).flatMap(flatten);
  const [first] = items;
  const temporality = first?.get('temporality');
  const file = fileOf(exporter.options, exporter.name, signal);
  return {
    signal,
    exporter: described(exporter.name, exporter.options),
    paths: paths.filter(reaches(signal)),
    items: items.length,
    changes: first === undefined ? [] : compare(sent, first),
    ...(temporality !== undefined && { temporality }),
    marked: items.some((item) => [...item.values()].includes(canary.id)),
    ...(file !== undefined && { file }),
  };
}

type Options = Readonly<Record<string, unknown>> | undefined;

/** `queue(retry(otlp))`, from what wrappers tell of what they wrap. */
function described(name: string, options: Options): string {
  const inner = options?.exporter;
  if (typeof inner === 'string') return `${name}(${inner})`;
  if (typeof inner !== 'object' || inner === null) return name;
  const [first] = Object.entries(inner) as [string, Options][];
  return first === undefined ? name : `${name}(${described(...first)})`;
}

/** The file that a file exporter, wrapped or not, writes a signal to. */
function fileOf(options: Options, name: string, signal: Signal): string | undefined {
  const { dir, path, exporter: inner } = options ?? {};
  if (name === 'file')
    return typeof path === 'string' ? path : typeof dir === 'string' ? `${dir}/${signal}.jsonl` : undefined;
  if (typeof inner !== 'object' || inner === null) return undefined;
  const [first] = Object.entries(inner) as [string, Options][];
  return first === undefined ? undefined : fileOf(first[1], first[0], signal);
}
