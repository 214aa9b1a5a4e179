import type { ResourceTable } from '../checks/resource.js';
import type { Diagnosis, FileSearch } from '../examine.js';
import type { Finding, Severity } from '../finding.js';
import type { PipelinesReport } from '../pipelines/try-pipelines.js';
import type { Probe } from '../probe/probe.js';
import type { Level } from '../settings/places.js';
import { shownUrl } from '../targets.js';
import { shownValue } from './shown-value.js';
import { verdict } from './verdict.js';

/** One value that a source gives. */
export interface GivenData {
  /** Headers and unknown variables are shown as `…`. */
  readonly value: string;
  readonly level: Level;
  readonly source: string;
}

/** What `otelier doctor --json` prints. */
export interface ReportData {
  /** No errors were found. */
  readonly ok: boolean;
  readonly verdict: string;
  readonly counts: Readonly<Record<Severity, number>>;
  readonly sources: readonly { readonly level: Level; readonly source: string }[];
  /** By name; `shadowed` are values that a stronger source overrules. */
  readonly variables: readonly (GivenData & { readonly name: string; readonly shadowed: readonly GivenData[] })[];
  readonly targets: readonly {
    readonly signal: string;
    readonly protocol: string;
    readonly url: string | undefined;
  }[];
  readonly findings: readonly Finding[];
  readonly resource?: ResourceTable;
  readonly probe?: Probe;
  readonly pipelines?: PipelinesReport;
  readonly files: readonly FileSearch[];
}

/** A diagnosis as plain data, without secrets. */
export function reportData(diagnosis: Diagnosis): ReportData {
  const { configuration, targets, findings, resource, probe, pipelines, files } = diagnosis;
  const counts = { error: 0, warning: 0, info: 0 };
  for (const { severity } of findings) counts[severity]++;
  return {
    ok: counts.error === 0,
    verdict: verdict(diagnosis),
    counts,
    sources: configuration.sources,
    variables: configuration.variables.all().map(({ name, given }) => {
      const [inForce, ...shadowed] = given.map(({ value, level, source }) => ({
        value: shownValue(name, value),
        level,
        source,
      }));
      return { name, ...(inForce as GivenData), shadowed };
    }),
    targets: targets.map(({ signal, protocol, url }) => ({ signal, protocol, url: url && shownUrl(url) })),
    findings,
    ...(resource && { resource }),
    ...(probe && { probe }),
    ...(pipelines && { pipelines }),
    files,
  };
}
