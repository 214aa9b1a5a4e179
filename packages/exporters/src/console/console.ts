import {
  type Exporter,
  exporterStage,
  type FieldClass,
  type Host,
  parseOptions,
  type Signal,
  type Signals,
  type Stage,
} from '@otelier/core';
import pc from 'picocolors';
import * as v from 'valibot';
import { clearance, clearanceTrait } from '../clearance.js';
import { logLine } from './event.js';
import type { Colors } from './line.js';
import { metricTable } from './metric-table.js';
import { Output, type OutputStream, useColor } from './output.js';
import { spanLine } from './span.js';

/** How {@link consoleExporter} writes, and where. */
export interface ConsoleExporterOptions {
  /** Default `process.stdout`. */
  readonly stream?: OutputStream;
  /** `auto`: on a terminal, unless NO_COLOR is set; FORCE_COLOR wins. Default `auto`. */
  readonly color?: 'auto' | boolean;
  /** Columns of a line. Default: those of the terminal, and 120 when there is none. */
  readonly width?: number;
  /**
   * The classes of fields that may leave here: `['label', 'identity']` for a backend that must not see prompts. A pipeline that
   * lets others through is then refused. Default: nothing is declared and nothing checked.
   */
  readonly clearance?: readonly FieldClass[];
}

export type { OutputStream } from './output.js';

const schema = v.strictObject({
  stream: v.optional(
    v.custom<OutputStream>(
      (value) => typeof (value as OutputStream | null)?.write === 'function',
      'a stream that can be written to',
    ),
  ),
  color: v.optional(v.union([v.literal('auto'), v.boolean()]), 'auto'),
  width: v.optional(v.pipe(v.number(), v.integer('a whole number'), v.minValue(40, 'at least 40'))),
  clearance,
});

/**
 * Writes telemetry for people: one line per event or span, a small table per batch of metrics, never wider than the terminal.
 *
 * Texts of prompts, answers and tool calls are not shown, only their length. When the reader goes away (`| head`), what comes after is
 * dropped and counted.
 *
 * @throws {ConfigError} when an option is wrong.
 */
export function consoleExporter(options: ConsoleExporterOptions = {}): Exporter<Signal> {
  const settings = parseOptions('consoleExporter', schema, options);
  const stream = settings.stream ?? process.stdout;
  const colors = pc.createColors(useColor(settings.color, stream, process.env));
  const output = new Output(stream);
  const width = () => settings.width ?? Math.max(40, stream.columns ?? 120);
  const stages = {
    logs: (host: Host) => consoleStage<'logs'>(output, host, (batch) => logLines(batch, width(), colors)),
    metrics: (host: Host) => consoleStage<'metrics'>(output, host, (batch) => metricTable(batch, width(), colors)),
    traces: (host: Host) => consoleStage<'traces'>(output, host, (batch) => spanLines(batch, width(), colors)),
  };
  const { color, width: fixed } = settings;
  return exporterStage<Signal>('console', stages, {
    options: { color, width: fixed ?? 'auto' },
    ...clearanceTrait(settings.clearance),
  });
}

function logLines(batch: Signals['logs'], width: number, colors: Colors): string {
  let lines = '';
  for (const record of batch.records()) lines += logLine(record, width, colors);
  return lines;
}

function spanLines(batch: Signals['traces'], width: number, colors: Colors): string {
  let lines = '';
  for (const span of batch.spans()) lines += spanLine(span, width, colors);
  return lines;
}

function consoleStage<S extends Signal>(
  output: Output,
  host: Host,
  render: (batch: Signals[S]) => string,
): Stage<Signals[S]> {
  let told = false;
  return {
    async start() {
      output.open();
    },
    async consume(batch, flow) {
      if (batch.count === 0) return;
      if (await output.ready()) return output.write(render(batch));
      if (!told) host.logger.warn({}, 'nobody reads the console output any more: what comes is dropped');
      told = true;
      flow.drop(batch.count, 'console closed');
    },
    async close() {
      output.close();
    },
  };
}
