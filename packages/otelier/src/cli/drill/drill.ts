import { randomInt } from 'node:crypto';
import pc from 'picocolors';
import { short } from '../../load-config/config-file-error.js';
import { loadConfig } from '../../load-config/load-config.js';
import { exitFailure, UsageError } from '../fail.js';
import { printed } from './print.js';
import type { DrillReport } from './report.js';
import { runDrill } from './run.js';

/** What `otelier drill` takes. */
export interface DrillOptions {
  readonly seed?: string;
  readonly sessions?: string;
  readonly json?: true;
}

/** Sends canaries through a pipeline file and tells what would have left; the exit code is 1 when something leaked. */
export async function drill(path: string, options: DrillOptions): Promise<void> {
  const seed = whole('--seed', options.seed, 0) ?? randomInt(2 ** 31);
  const sessions = whole('--sessions', options.sessions, 1) ?? 1;
  const { file, config } = await loadConfig(path);
  const { show, end } = progressLine(sessions, options.json !== true && process.stderr.isTTY);
  const found = await runDrill(config, { seed, sessions, progress: show }).finally(end);
  const report: DrillReport = { file, ...found };
  const colors = pc.createColors(process.stdout.isTTY && pc.isColorSupported);
  const text =
    options.json === true
      ? `${JSON.stringify(report)}\n`
      : `${colors.bold(`Drill of ${short(file)}`)}: ${printed(report, colors)}`;
  process.stdout.write(text);
  // What nothing came out of is not clean, it is not known.
  const proved = report.exporters.some(({ requests }) => requests > 0);
  if (!report.clean || !proved) process.exitCode = exitFailure;
}

function whole(name: string, given: string | undefined, least: number): number | undefined {
  if (given === undefined) return undefined;
  const value = Number(given);
  if (Number.isInteger(value) && value >= least && value < 2 ** 32) return value;
  throw new UsageError(`${name}: expected a whole number from ${least}, got '${given}'`);
}

const quietMs = 500;

/** A line that rewrites itself, for terminals and for what takes its time. */
function progressLine(
  sessions: number,
  wanted: boolean,
): { show(session: number, requests: number): void; end(): void } {
  const began = performance.now();
  let shown = 0;
  return {
    show(session, requests) {
      const now = performance.now();
      if (!wanted || now - began < quietMs || now - shown < 100) return;
      shown = now;
      process.stderr.write(`\rsession ${session} of ${sessions}, ${requests} requests `);
    },
    end() {
      if (shown > 0) process.stderr.write('\r\u001b[K');
    },
  };
}
