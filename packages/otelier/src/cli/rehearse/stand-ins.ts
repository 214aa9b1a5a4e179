import {
  type AnyBatch,
  type Exporter,
  exporterStage,
  linkOf,
  type Pipeline,
  type PipelinesConfig,
  type Processor,
  type Receiver,
  type Signal,
  signals,
} from '@otelier/core';
import { type MemoryReceiver, memoryReceiver } from '@otelier/testing';

/** A receiver of a pipeline file, and the memory that stands in for it. */
export interface Entrance {
  readonly receiver: Receiver<Signal>;
  readonly memory: MemoryReceiver;
  /** Where it stands in the file: `logs.events`, `metrics.usage`. */
  readonly pipelines: readonly string[];
}

/** An exporter of a pipeline file, and what would have left through it. */
export interface Exit {
  readonly exporter: Exporter<Signal>;
  /** Where it stands in the file: `logs.events.exporters[1]`. */
  readonly paths: readonly string[];
  /** In the order in which it would have left. */
  readonly received: AnyBatch[];
}

/** A pipeline file whose ends are memory; what is between them is the file's own. */
export interface StandIns {
  readonly config: PipelinesConfig;
  readonly entrances: readonly Entrance[];
  readonly exits: readonly Exit[];
}

interface Place<T> {
  readonly standIn: T;
  readonly places: string[];
}

/**
 * Puts memory in place of every receiver and exporter of a pipeline file, and takes away its data directory and its own telemetry:
 * what is left listens nowhere, sends nothing and writes nothing. Connectors stay, and so does what an exporter declares.
 */
export function standIns(config: PipelinesConfig): StandIns {
  const entrances = new Map<Receiver<Signal>, Place<MemoryReceiver>>();
  const exits = new Map<Exporter<Signal>, Place<Exporter<Signal>> & { received: AnyBatch[] }>();

  const receiverFor = (receiver: Receiver<Signal>, pipeline: string): Receiver<Signal> => {
    if (linkOf(receiver) !== undefined) return receiver;
    const found = entrances.get(receiver) ?? { standIn: silentDoor(receiver), places: [] };
    entrances.set(receiver, found);
    found.places.push(pipeline);
    return found.standIn;
  };
  const exporterFor = (exporter: Exporter<Signal>, path: string): Exporter<Signal> => {
    if (linkOf(exporter) !== undefined) return exporter;
    const found = exits.get(exporter) ?? { ...keeper(exporter), places: [] };
    exits.set(exporter, found);
    found.places.push(path);
    return found.standIn;
  };

  const pipelines: Record<string, Record<string, Pipeline<Signal>>> = {};
  for (const signal of signals) {
    for (const [name, of] of Object.entries(config[signal] ?? {})) {
      // The file was checked when it was loaded: whatever stands here handles the signal.
      const pipeline = of as unknown as Pipeline<Signal>;
      const path = `${signal}.${name}`;
      pipelines[signal] ??= {};
      pipelines[signal][name] = {
        ...pipeline,
        receivers: pipeline.receivers.map((receiver) => receiverFor(receiver, path)),
        processors: (pipeline.processors ?? []).map((processor, i) =>
          rewired(processor, (exporter) => exporterFor(exporter, `${path}.processors[${i}]`)),
        ),
        exporters: pipeline.exporters.map((exporter, i) => exporterFor(exporter, `${path}.exporters[${i}]`)),
      };
    }
  }
  return {
    config: { ...pipelines, ...(config.limits && { limits: config.limits }) } as PipelinesConfig,
    entrances: [...entrances].map(([receiver, { standIn, places }]) => ({
      receiver,
      memory: standIn,
      pipelines: places,
    })),
    exits: [...exits].map(([exporter, { received, places }]) => ({ exporter, received, paths: places })),
  };
}

/** A processor that delivers to exporters inside it, with stand-ins for these. */
function rewired(
  processor: Processor<Signal>,
  by: (exporter: Exporter<Signal>) => Exporter<Signal>,
): Processor<Signal> {
  // Of which signals the exporters are, is between them and the processor.
  const swap = by as unknown as (exporter: Exporter<never>) => Exporter<never>;
  return (processor.sideExits?.replaced(swap) as unknown as Processor<Signal> | undefined) ?? processor;
}

/** Keeps the name and the traits (a receiver may guarantee a temporality), and opens nothing. */
function silentDoor(receiver: Receiver<Signal>): MemoryReceiver {
  const { name, emits, options, produces } = receiver;
  const traits = { ...(options && { options }), ...(produces && { produces }) };
  return Object.assign(memoryReceiver(), { name, emits, ...traits });
}

/** Handles the signals of the original, keeps its name and traits, and remembers what it gets. */
function keeper(original: Exporter<Signal>): { standIn: Exporter<Signal>; received: AnyBatch[] } {
  const received: AnyBatch[] = [];
  const stage = () => ({
    consume: async (batch: AnyBatch): Promise<void> => void received.push(batch),
  });
  const stages: Partial<Record<Signal, typeof stage>> = {};
  for (const signal of signals) if (original[signal] !== undefined) stages[signal] = stage;
  const { name, logs: _logs, metrics: _metrics, traces: _traces, ...traits } = original;
  return { standIn: exporterStage<Signal>(name, stages as Required<typeof stages>, traits), received };
}
