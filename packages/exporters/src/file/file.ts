import { type AnyBatch, type Exporter, exporterStage, type Host, type Signal, type Stage } from '@otelier/core';
import { clearanceTrait } from '../clearance.js';
import { LineFile } from './line-file.js';
import { type FileExporterOptions, type FileSettings, fileSettings } from './options.js';
import { openShared } from './shared.js';

export type { FileExporterOptions } from './options.js';

/**
 * Appends OTLP JSON lines to files, one `Export*ServiceRequest` per line, and resolves when they are written.
 *
 * A file is always whole lines: what a failed write or a crash left of a line is cut off. Files are readable by their owner only.
 * Whatever reads OTLP JSON lines can replay them.
 *
 * @throws {ConfigError} when an option is wrong.
 */
export function fileExporter(options: FileExporterOptions): Exporter<Signal> {
  const { pathOf, clearance, ...settings } = fileSettings(options);
  const { clearance: _, ...shown } = options;
  const stages = {
    logs: (host: Host) => fileStage(pathOf('logs'), settings, host),
    metrics: (host: Host) => fileStage(pathOf('metrics'), settings, host),
    traces: (host: Host) => fileStage(pathOf('traces'), settings, host),
  };
  return exporterStage<Signal>('file', stages, { options: shown, ...clearanceTrait(clearance) });
}

function fileStage(path: string, settings: FileSettings, host: Host): Stage<AnyBatch> {
  let file: LineFile | undefined;
  let release = async (): Promise<void> => {};
  return {
    async start() {
      // Pipelines, and the old and the new graph of a reload, may write to one file: they share its writer.
      ({ file, release } = await openShared(path, () => LineFile.open(path, settings, host)));
    },
    async consume(batch, flow) {
      if (file === undefined) throw new Error('file: consume before start');
      if (batch.count > 0) await file.append(() => batch.toJson(), flow.signal);
    },
    async close() {
      await release();
    },
  };
}
