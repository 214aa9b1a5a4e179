import { spawn } from 'node:child_process';
import type { Finding } from '../finding.js';
import type { FindingId } from '../finding-ids.js';

/** What a headers helper printed. */
export interface HelperRun {
  /** Lower-case names. Secret: to be sent, never to be printed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly findings: readonly Finding[];
}

/** How to run it. */
export interface HelperOptions {
  readonly command: string;
  /** `otelHeadersHelper in .claude/settings.json`. */
  readonly where: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
}

const maxBytes = 64 * 1024;
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const shape = `echo '{"Authorization": "Bearer …"}'`;

/** Runs the program that prints headers, as Claude Code does, and looks at what it printed. Tells names, never values. */
export async function runHelper(options: HelperOptions): Promise<HelperRun> {
  const { where, timeoutMs } = options;
  const failed = (id: FindingId, message: string, fix: string): HelperRun => ({
    headers: {},
    findings: [{ id, topic: 'headers', severity: 'error', message, where, fix }],
  });
  const ended = await execute(options);
  if (ended.timedOut)
    return failed(
      'helper-time-out',
      `The headers helper did not end within ${timeoutMs / 1000} seconds.`,
      'Let it end faster.',
    );
  if (ended.code !== 0) {
    const how = ended.code === null ? 'was stopped by a signal' : `ended with exit code ${ended.code}`;
    return failed(
      'helper-failed',
      `The headers helper ${how}. What it printed is not shown: it may be secret.`,
      'Run it by hand and see.',
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(ended.stdout);
  } catch {
    return failed(
      'helper-not-json',
      'The headers helper printed something other than one JSON object on standard output.',
      shape,
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return failed('helper-not-object', 'The headers helper printed JSON, but not an object.', shape);
  const entries = Object.entries(value);
  const odd = entries.filter(
    ([name, each]) => !headerName.test(name) || typeof each !== 'string' || !/^[\t -~]*$/.test(each),
  );
  if (odd.length > 0) {
    const message = `Of ${entries.length} headers of the helper ${odd.length} cannot be sent: names take letters, digits and hyphens, values are texts of printable ASCII characters.`;
    return failed('helper-header', message, shape);
  }
  const headers: Record<string, string> = {};
  for (const [name, each] of entries) headers[name.toLowerCase()] = each as string;
  const message =
    entries.length === 0
      ? 'The headers helper printed no header.'
      : `The headers helper printed ${entries.length} ${entries.length === 1 ? 'header' : 'headers'}, as it should.`;
  const severity = entries.length === 0 ? 'warning' : 'info';
  return {
    headers,
    findings: [
      { id: entries.length === 0 ? 'helper-empty' : 'helper-works', topic: 'headers', severity, message, where },
    ],
  };
}

function execute({
  command,
  cwd,
  env,
  timeoutMs,
}: HelperOptions): Promise<{ code: number | null; stdout: string; timedOut: boolean }> {
  return new Promise((resolve) => {
    // A group of its own, so that what the program started ends with it.
    const child = spawn(command, {
      cwd,
      env,
      shell: true,
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: process.platform !== 'win32',
    });
    let stdout = '';
    let timedOut = false;
    const kill = (): void => {
      try {
        if (process.platform === 'win32' || child.pid === undefined) child.kill('SIGKILL');
        else process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended by itself in this very moment.
      }
    };
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, timeoutMs);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (stdout.length > maxBytes) kill();
    });
    child.on('error', () => {
      clearTimeout(timer);
      resolve({ code: null, stdout: '', timedOut });
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, timedOut });
    });
  });
}
