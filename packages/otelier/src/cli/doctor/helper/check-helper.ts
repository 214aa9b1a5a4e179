import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import type { Checked } from '../checks/check.js';
import type { Finding, Severity } from '../finding.js';
import type { FindingId } from '../finding-ids.js';

const topic = 'headers';
const debounce = 'CLAUDE_CODE_OTEL_HEADERS_HELPER_DEBOUNCE_MS';
const usualMs = 1_740_000;

/** Is there such a program, can it be started, and is it used at all? Does not run it. */
export function checkHelper({ helper, variables, targets }: Checked, cwd: string, path: string): Finding[] {
  const findings: Finding[] = [];
  const find = (id: FindingId, severity: Severity, message: string, where: string, fix: string): void =>
    void findings.push({ id, topic, severity, message, where, fix });
  const text = variables.get(debounce);
  if (text !== undefined) {
    const ms = Number(text);
    const [where, fix] = [variables.where(debounce), `export ${debounce}=${usualMs}`];
    if (!/^\d+$/.test(text))
      find('helper-debounce', 'warning', `'${text}' is no whole number of milliseconds.`, where, fix);
    else if (ms < 10_000)
      find(
        'helper-debounce',
        'warning',
        `The headers helper is run again after ${ms} milliseconds, with nearly every export. Were seconds meant?`,
        where,
        fix,
      );
    else if (ms > 3_600_000)
      find(
        'helper-debounce',
        'info',
        `Headers are kept for ${Math.round(ms / 60_000)} minutes: tokens must live longer.`,
        where,
        fix,
      );
  }
  if (helper === undefined) return findings;
  const where = `otelHeadersHelper in ${helper.source}`;
  const file = programOf(helper.command, cwd, path);
  if (file === undefined) {
    find(
      'helper-missing',
      'error',
      'The program that is to print headers is not there: requests go without them.',
      where,
      '"otelHeadersHelper": "/path/to/program"',
    );
  } else if (!isExecutable(file)) {
    find(
      'helper-not-executable',
      'error',
      'The program that is to print headers may not be executed: requests go without its headers.',
      where,
      `chmod +x ${JSON.stringify(file)}`,
    );
  }
  const grpc = targets.filter(({ protocol }) => protocol === 'grpc').map(({ signal }) => signal);
  if (grpc.length > 0) {
    const message = `Over gRPC Claude Code does not run the headers helper: ${grpc.join(', ')} go without its headers.`;
    const fix =
      'export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, with the endpoint of OTLP over HTTP (usually port 4318)';
    find('helper-grpc', 'error', message, where, fix);
  }
  return findings;
}

/** The file that a command starts; undefined when there is none. */
function programOf(command: string, cwd: string, path: string): string | undefined {
  const home = command.trim().replace(/^~(?=\/)/, homedir());
  // A path may hold blanks; else the first word is the program and the rest are arguments.
  const [first = ''] = home.match(/^"[^"]+"|^'[^']+'|^\S+/) ?? [];
  const candidates = [home, first.replace(/^(["'])(.*)\1$/, '$2')];
  for (const candidate of candidates) {
    if (candidate === '') continue;
    const places =
      isAbsolute(candidate) || /[/\\]/.test(candidate)
        ? [resolve(cwd, candidate)]
        : path.split(delimiter).map((folder) => join(folder, candidate));
    const found = places.find(isFile);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function isExecutable(path: string): boolean {
  // The superuser passes the check of some systems for any file, and then cannot execute it.
  if (process.platform !== 'win32' && (statSync(path).mode & 0o111) === 0) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
