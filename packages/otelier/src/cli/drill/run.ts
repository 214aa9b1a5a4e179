import { type AnyBatch, PipelineError, type PipelinesConfig, signals } from '@otelier/core';
import { type Entrance, type Rehearsal, rehearse } from '../rehearse/rehearse.js';
import { Labels } from './labels.js';
import { type Planted, Planting } from './planting.js';
import { type DrillReport, type ExporterReport, exporterReport } from './report.js';
import { Search } from './search/search.js';
import { session } from './sessions/sessions.js';

/** How a drill is held. */
export interface DrillSettings {
  /** The same seed plants the same canaries. */
  readonly seed: number;
  readonly sessions: number;
  /** Told after every request. */
  readonly progress?: (session: number, requests: number) => void;
}

/**
 * Sends sessions full of canaries through a pipeline file, with memory in place of its receivers, exporters and data directory, and finds
 * out what would have left through each exporter.
 */
export async function runDrill(
  config: PipelinesConfig,
  { seed, sessions, progress }: DrillSettings,
): Promise<Omit<DrillReport, 'file'>> {
  const planting = new Planting(seed);
  const labels = new Labels();
  const refused = new Map<string, number>();
  const rehearsal = await rehearse(config);
  const taken = signals.filter((signal) => rehearsal.entrances.some((entrance) => takes(entrance, signal)));
  let requests = 0;
  for (let number = 1; number <= sessions; number++) {
    for (const batch of session({ planting, labels }, taken, BigInt(Date.now()) * 1_000_000n)) {
      await send(rehearsal, batch, refused);
      requests++;
      progress?.(number, requests);
    }
  }
  await rehearsal.end();
  const { planted } = planting;
  const search = new Search(planted);
  const throughOf: ReadonlySet<Planted>[] = [];
  const exporters: ExporterReport[] = [];
  for (const [i, exit] of rehearsal.exits.entries()) {
    // Most files send the same to several places.
    const twin = rehearsal.exits.slice(0, i).findIndex(({ received }) => sameBytes(received, exit.received));
    const known = twin < 0 ? search.in(exit.received.map((batch) => batch.bytes())) : throughOf[twin]!;
    throughOf.push(known);
    exporters.push(exporterReport(exit, config, planted, labels, known));
  }
  const clean = exporters.every(({ leaks }) => leaks.length === 0);
  return {
    ...{ seed, sessions, requests, refused: Object.fromEntries(refused) },
    ...{ canaries: planted.length, exporters, clean },
  };
}

/** Sends to every entrance whose pipelines take the signal. */
async function send(to: Rehearsal, batch: AnyBatch, refused: Map<string, number>): Promise<void> {
  const note = (reason: string): void => void refused.set(reason, (refused.get(reason) ?? 0) + 1);
  for (const entrance of to.entrances) {
    if (!takes(entrance, batch.signal)) continue;
    try {
      const answer = await to.send(entrance, batch.fork() as AnyBatch);
      if (answer.refused > 0) note(answer.refusal);
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      note(error.message);
    }
  }
}

function sameBytes(one: readonly AnyBatch[], other: readonly AnyBatch[]): boolean {
  return one.length === other.length && one.every((batch, i) => batch.bytes().equals(other[i]!.bytes()));
}

function takes({ pipelines }: Entrance, signal: string): boolean {
  return pipelines.some((path) => path.startsWith(`${signal}.`));
}
