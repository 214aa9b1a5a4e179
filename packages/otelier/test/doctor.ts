import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Diagnosis, type Examination, examine } from '../src/cli/doctor/examine.js';

/** What one examination is given, on top of a sound configuration. */
export interface Patient {
  /** Undefined values take a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Text of a shell file. */
  readonly shell?: string;
  /** Files to write, by path below the folder of the examination; settings are found in their usual places. */
  readonly files?: Readonly<Record<string, string>>;
  /** Settings files that are given by name. */
  readonly settings?: readonly string[];
  readonly options?: Partial<Examination>;
}

/** A configuration with which everything is well when a collector listens. */
export const soundEnv = {
  CLAUDE_CODE_ENABLE_TELEMETRY: '1',
  OTEL_METRICS_EXPORTER: 'otlp',
  OTEL_LOGS_EXPORTER: 'otlp',
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
} as const;

/** Examines a configuration in a folder of its own, `HOME` included; sends nothing unless told to. */
export async function examinePatient({ env, shell, files, settings, options }: Patient): Promise<Diagnosis> {
  const folder = mkdtempSync(join(tmpdir(), 'otelier-doctor-'));
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text, { mode: name.endsWith('.sh') ? 0o700 : 0o600 });
  };
  try {
    for (const [name, text] of Object.entries(files ?? {})) write(name, text);
    if (shell !== undefined) write('rc', shell);
    return await examine({
      env: { HOME: join(folder, 'home'), PATH: process.env.PATH, ...soundEnv, ...env },
      cwd: folder,
      shell: shell === undefined ? [] : ['rc'],
      ...(settings && { settings }),
      probe: false,
      runHelper: false,
      timeoutMs: 5000,
      helperTimeoutMs: 10_000,
      progress: () => {},
      ...options,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
