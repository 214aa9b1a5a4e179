import { takesOnly } from '../checks/temporality.js';
import type { Finding } from '../finding.js';
import type { Target } from '../targets.js';
import type { PipelinesReport } from './try-pipelines.js';

const topic = 'pipelines';

/** What the pipeline file does to the canary that a person should know. */
export function pipelineFindings(report: PipelinesReport, targets: readonly Target[]): Finding[] {
  const { file: where, exits, refusals, untaken } = report;
  const findings: Finding[] = [];
  for (const { signal, message } of refusals) {
    findings.push({
      id: 'pipeline-refuses',
      topic,
      severity: 'error',
      message: `The pipelines do not take the canary of ${signal}: ${message}.`,
      where,
      fix: 'Look at the processors of this signal, such as validateResource({ required }).',
    });
  }
  for (const { signal } of targets) {
    if (!untaken.includes(signal)) continue;
    const message = `Claude Code sends ${signal}, and no pipeline of an OTLP receiver takes them.`;
    findings.push({
      id: 'pipeline-missing',
      topic,
      severity: 'error',
      message,
      where,
      fix: `${signal}: { claudeCode: { receivers: [otlpReceiver()], exporters: […] } }`,
    });
  }
  const told = new Set(refusals.map(({ signal }) => signal));
  for (const { signal, exporter, paths, items } of exits) {
    if (items > 0 || told.has(signal)) continue;
    const message = `The canary of ${signal} does not reach ${exporter} (${paths.join(', ')}): a processor drops it.`;
    findings.push({
      id: 'pipeline-drops',
      topic,
      severity: 'warning',
      message,
      where,
      fix: 'Right if a filter is to let only some through.',
    });
  }
  return findings;
}

/** Exporters whose endpoint is known to take one temporality only. */
export function temporalityFindings(report: PipelinesReport, endpoints: ReadonlyMap<string, URL>): Finding[] {
  return report.exits.flatMap(({ signal, temporality, paths, exporter }): Finding[] => {
    const url = paths.map((path) => endpoints.get(path)).find((each) => each !== undefined);
    if (signal !== 'metrics' || url === undefined) return [];
    const wants = takesOnly(url);
    if (wants === undefined || temporality === undefined || wants.temporality === temporality) return [];
    const message = `${wants.backend} behind ${exporter} takes ${wants.temporality} sums only, and gets ${temporality} ones.`;
    const fix = `${wants.temporality === 'delta' ? 'cumulativeToDelta()' : 'deltaToCumulative()'} as the last processor`;
    return [{ id: 'temporality-exporter', topic: 'metrics', severity: 'error', message, where: paths.join(', '), fix }];
  });
}
