import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError, type Signal } from '@otelier/core';
import type { Checked } from './checks/check.js';
import { checks } from './checks/checks.js';
import { type ResourceTable, resourceTable } from './checks/resource.js';
import { sentTemporality } from './checks/temporality.js';
import { type Finding, topics } from './finding.js';
import { type Configuration, gather, type Sources } from './gather.js';
import { headersOf } from './headers.js';
import { checkHelper } from './helper/check-helper.js';
import { runHelper } from './helper/run-helper.js';
import { exporterEndpoints } from './pipelines/exporter-endpoints.js';
import { findInFile } from './pipelines/find-in-file.js';
import { pipelineFindings, temporalityFindings } from './pipelines/pipeline-findings.js';
import { type PipelinesReport, tryPipelines } from './pipelines/try-pipelines.js';
import { type Canary, makeCanary } from './probe/canary.js';
import { type Probe, probe } from './probe/probe.js';
import { probeFindings } from './probe/probe-findings.js';
import { Secrets } from './secrets.js';
import { protocols, type Target, targets } from './targets.js';

/** What is examined, and what may be done for it. */
export interface Examination extends Sources {
  /** The pipeline file; undefined: `pipeline.config.ts` if there is one. */
  readonly config?: string;
  /** Sends the canary to the endpoints. */
  readonly probe: boolean;
  /** Runs the program that prints headers. */
  readonly runHelper: boolean;
  /** How long one request, and one run of the helper, may take. */
  readonly timeoutMs: number;
  readonly helperTimeoutMs: number;
  /** The two ports that usually stand side by side; default 4317 and 4318. */
  readonly doorPorts?: readonly [grpc: string, http: string];
  readonly progress: (what: string) => void;
}

/** A file of the pipeline's exporters in which the canary was looked for. */
export interface FileSearch {
  readonly signal: Signal;
  readonly file: string;
  readonly found: boolean;
}

/** Everything that was found. */
export interface Diagnosis {
  readonly configuration: Configuration;
  readonly targets: readonly Target[];
  readonly findings: readonly Finding[];
  readonly resource?: ResourceTable;
  readonly probe?: Probe;
  readonly pipelines?: PipelinesReport;
  readonly files: readonly FileSearch[];
}

/**
 * Examines a configuration of Claude Code: what is set, what answers, and what a pipeline file would make of it.
 *
 * @throws {UsageError} when a file that was asked for cannot be read.
 * @throws {ConfigFileError} when a pipeline file that was asked for is not there.
 */
export async function examine(examination: Examination): Promise<Diagnosis> {
  const { progress, cwd } = examination;
  progress('reading settings');
  const configuration = gather(examination);
  const { variables } = configuration;
  const checked: Checked = { ...configuration, targets: targets(variables) };
  const findings: Finding[] = [...configuration.findings, ...checks.flatMap((check) => check(checked))];
  findings.push(...checkHelper(checked, cwd, examination.env.PATH ?? ''));

  const secrets = new Secrets();
  for (const { url } of checked.targets) if (url !== undefined) secrets.addUrl(url);
  for (const { signal } of checked.targets)
    for (const protocol of protocols)
      for (const value of Object.values(headersOf(variables, signal, protocol))) secrets.add(value);
  const helperHeaders = await headersFromHelper(examination, checked, secrets, findings);

  const resource = resourceTable(variables);
  const canary = makeCanary(newestReading(resource), sentTemporality(checked));
  const pipelines = await pipelinesReport(examination, canary, findings);
  if (pipelines !== undefined) {
    findings.push(...pipelineFindings(pipelines.report, checked.targets));
    findings.push(...temporalityFindings(pipelines.report, pipelines.endpoints));
  }
  let probed: Probe | undefined;
  let files: FileSearch[] = [];
  if (examination.probe && checked.targets.length > 0) {
    const { timeoutMs, doorPorts } = examination;
    probed = await probe({
      ...{ variables, targets: checked.targets, canary, helperHeaders, secrets, timeoutMs, progress },
      ...(doorPorts && { doorPorts }),
    });
    findings.push(...probeFindings(probed, checked.targets, variables));
    if (pipelines !== undefined) {
      progress("looking for the canary in the pipeline's files");
      files = await searchFiles(pipelines.report, probed, checked.targets, canary, cwd);
      findings.push(...files.flatMap((each) => fileFinding(each, pipelines.report)));
    }
  }
  return {
    configuration,
    targets: checked.targets,
    findings: sorted(findings),
    ...(resource && { resource }),
    ...(probed && { probe: probed }),
    ...(pipelines && { pipelines: pipelines.report }),
    files,
  };
}

async function headersFromHelper(
  { runHelper: mayRun, cwd, env, helperTimeoutMs, progress }: Examination,
  { helper, variables }: Checked,
  secrets: Secrets,
  findings: Finding[],
): Promise<Readonly<Record<string, string>>> {
  if (helper === undefined) return {};
  const where = `otelHeadersHelper in ${helper.source}`;
  if (!mayRun) {
    const message = 'The headers helper was not run, and its headers were not sent.';
    findings.push({
      id: 'helper-not-run',
      topic: 'headers',
      severity: 'info',
      message,
      where,
      fix: 'otelier doctor --run-headers-helper runs it.',
    });
    return {};
  }
  progress('running the headers helper');
  const own: Record<string, string | undefined> = { ...env };
  for (const { name } of variables.all()) own[name] = variables.raw(name);
  const run = await runHelper({ command: helper.command, where, cwd, env: own, timeoutMs: helperTimeoutMs });
  for (const value of Object.values(run.headers)) secrets.add(value);
  findings.push(...run.findings);
  return run.headers;
}

/** What the newest client puts on the resource: the canary carries the same. */
function newestReading(table: ResourceTable | undefined): Readonly<Record<string, string>> {
  return table?.rows.findLast(({ clients }) => clients.startsWith('Claude Code'))?.attributes ?? {};
}

async function pipelinesReport(
  { config, cwd, progress }: Examination,
  canary: Canary,
  findings: Finding[],
): Promise<{ report: PipelinesReport; endpoints: ReadonlyMap<string, URL> } | undefined> {
  const file = resolve(cwd, config ?? 'pipeline.config.ts');
  if (config === undefined && !existsSync(file)) return undefined;
  progress('sending the canary through the pipeline file');
  const { loadConfig } = await import('../../load-config/load-config.js');
  const { ConfigFileError, short } = await import('../../load-config/config-file-error.js');
  try {
    const loaded = await loadConfig(file);
    const report = await tryPipelines(short(loaded.file), loaded.config, canary);
    return { report, endpoints: exporterEndpoints(loaded.config) };
  } catch (error) {
    if (!(error instanceof ConfigFileError || error instanceof ConfigError) || !existsSync(file)) throw error;
    const message = `The pipeline file cannot be used: ${error.message}.`;
    const fix = `npx otelier check ${short(file)}`;
    findings.push({ id: 'pipeline-file', topic: 'pipelines', severity: 'error', message, where: short(file), fix });
    return undefined;
  }
}

const local = new Set(['localhost', '127.0.0.1', '[::1]']);
const fileWaitMs = 3000;

/** On this machine, what the door took should stand in the files of the pipeline's exporters. */
async function searchFiles(
  { exits }: PipelinesReport,
  { signals }: Probe,
  all: readonly Target[],
  canary: Canary,
  cwd: string,
): Promise<FileSearch[]> {
  const searched = exits.flatMap(({ signal, file, marked }) => {
    const target = all.find((each) => each.signal === signal);
    const accepted = signals.some((each) => each.signal === signal && each.answer?.kind === 'accepted');
    return file !== undefined && marked && accepted && local.has(target?.url?.hostname ?? '') ? [{ signal, file }] : [];
  });
  return Promise.all(
    searched.map(async ({ signal, file }) => ({
      signal,
      file,
      found: await findInFile(resolve(cwd, file), canary.id, fileWaitMs),
    })),
  );
}

function fileFinding({ signal, file, found }: FileSearch, { file: config }: PipelinesReport): Finding[] {
  if (found) return [];
  const message = `The door took the canary of ${signal}, but it is not in ${file}: what listens there runs another file than ${config}, or from another folder.`;
  return [
    {
      id: 'probe-not-in-file',
      topic: 'pipelines',
      severity: 'warning',
      message,
      where: file,
      fix: `npx otelier run ${config}`,
    },
  ];
}

const severities = ['error', 'warning', 'info'];

function sorted(findings: readonly Finding[]): Finding[] {
  const rank = ({ topic, severity }: Finding): number =>
    topics.indexOf(topic) * severities.length + severities.indexOf(severity);
  return [...findings].sort((a, b) => rank(a) - rank(b));
}
