import { exitFailure } from '../fail.js';
import { examine } from './examine.js';
import { progressLine } from './progress-line.js';
import { reportData } from './report/report-data.js';
import { text } from './report/text.js';

/** What `otelier doctor` takes. */
export interface DoctorOptions {
  readonly shell?: readonly string[];
  readonly settings?: readonly string[];
  readonly config?: string;
  /** False with `--no-probe`. */
  readonly probe?: boolean;
  readonly runHeadersHelper?: true;
  readonly json?: true;
}

/** How long one request may take: as long as a person waits without wondering. */
const timeoutMs = 5000;
const helperTimeoutMs = 10_000;

/** Finds out why telemetry does not arrive, or arrives otherwise than meant; the exit code is 1 when there are errors. */
export async function doctor(options: DoctorOptions): Promise<void> {
  const progress = progressLine(process.stderr);
  const diagnosis = await examine({
    env: process.env,
    cwd: process.cwd(),
    shell: options.shell ?? [],
    ...(options.settings && { settings: options.settings }),
    ...(options.config !== undefined && { config: options.config }),
    probe: options.probe ?? true,
    runHelper: options.runHeadersHelper ?? false,
    timeoutMs,
    helperTimeoutMs,
    progress: progress.show,
  }).finally(progress.clear);
  const report = reportData(diagnosis);
  process.stdout.write(options.json === true ? `${JSON.stringify(report, undefined, 2)}\n` : text(report, hasColors()));
  if (!report.ok) process.exitCode = exitFailure;
}

function hasColors(): boolean {
  return process.stdout.isTTY === true && !process.env.NO_COLOR;
}
