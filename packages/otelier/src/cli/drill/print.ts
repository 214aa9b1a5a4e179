import type { FieldClass, Signal } from '@otelier/core';
import type pc from 'picocolors';
import { figure } from '../demo/table.js';
import { canaryClasses } from './canaries/canary.js';
import { encodings } from './canaries/encodings.js';
import { places } from './places.js';
import type { DrillReport, ExporterReport } from './report.js';

type Colors = ReturnType<typeof pc.createColors>;

/** Lines of leaks that are shown. */
const mostPlaces = 25;

/** A drill's report for people: a table per exporter, then where the leaks are. */
export function printed(report: DrillReport, colors: Colors): string {
  const { sessions, requests, canaries, seed, refused } = report;
  const many = (count: number, of: string): string => `${figure(count)} ${of}${count === 1 ? '' : 's'}`;
  const lines = [
    `${many(sessions, 'session')}, ${many(requests, 'request')}, ${figure(canaries)} canaries, seed ${seed}`,
    ...Object.entries(refused).map(([reason, count]) => `${many(count, 'request')} refused: ${reason}`),
    '',
  ];
  const groups = alike(report.exporters);
  for (const group of groups) lines.push(...exporterLines(group, colors), '');
  for (const group of groups) lines.push(...leakLines(group, colors));
  if (report.exporters.some(({ assumed }) => assumed)) {
    lines.push(
      colors.dim(
        'Exporters that declare no clearance are taken as cleared for label and identity; the option `clearance` says it.',
      ),
    );
  }
  lines.push(verdict(report.exporters, colors));
  return `${lines.join('\n')}\n`;
}

function verdict(exporters: readonly ExporterReport[], colors: Colors): string {
  const leaking = exporters.filter(({ leaks }) => leaks.length > 0);
  const all = exporters.length;
  if (leaking.length > 0) return colors.red(`${leaking.length} of ${all} exporters: private data would have left.`);
  if (exporters.every(({ requests }) => requests === 0)) return colors.red('Nothing came out, so nothing is proved.');
  return colors.green(
    `Nothing leaks: what came out is what the ${all === 1 ? 'exporter is' : `${all} exporters are`} cleared for.`,
  );
}

/** Exporters that got the same and are cleared for the same, told together. */
function alike(exporters: readonly ExporterReport[]): ExporterReport[][] {
  const groups = new Map<string, ExporterReport[]>();
  for (const each of exporters) {
    const { exporter: _, paths: __, ...same } = each;
    const key = JSON.stringify(same);
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()];
}

const mostFields = 4;

function listed(fields: readonly string[]): string {
  const rest = fields.length - mostFields;
  return rest > 1 ? `${fields.slice(0, mostFields).join(', ')} and ${rest} more` : fields.join(', ');
}

function names(group: readonly ExporterReport[]): string {
  return group.map(({ exporter }) => exporter).join(', ');
}

function exporterLines(group: readonly ExporterReport[], colors: Colors): string[] {
  const [first] = group as [ExporterReport];
  const { clearance, assumed, requests, bytes, labels } = first;
  const pipelines = [...new Set(first.paths.map((path) => path.split('.').slice(0, 2).join('.')))].join(', ');
  const size =
    requests === 0
      ? 'nothing came out, nothing is proved'
      : `${figure(requests)} requests, ${figure(bytes / 1e6, 1)} MB`;
  const lost = labels.lost.reduce((sum, { fields, items }) => sum + fields.length * items.length, 0);
  const head = `  ${'came out'.padEnd(14)}`;
  return [
    `${colors.bold(names(group))}  ${colors.dim(`${pipelines} · ${size}`)}`,
    `${head}${encodings.map((each) => each.padStart(14)).join('')}`,
    ...canaryClasses.map((own) => row(first, own, clearance, assumed, colors)),
    `  ${'labels'.padEnd(14)}${figure(labels.sent - lost)} of ${figure(labels.sent)} arrived as they were sent`,
    ...labels.lost.map(
      ({ signal, fields, items }) =>
        `    ${colors.yellow('lost')}  ${signal} · ${some(signal, items)} · ${listed(fields)}`,
    ),
  ];
}

function row(
  { counts }: ExporterReport,
  own: FieldClass,
  clearance: readonly FieldClass[],
  assumed: boolean,
  colors: Colors,
): string {
  const cleared = clearance.includes(own);
  let leaks = false;
  const cells = counts
    .filter((each) => each.class === own)
    .map(({ sent, through }) => {
      leaks ||= through > 0 && !cleared;
      const cell = sent === 0 ? '–' : `${figure(through)}/${figure(sent)}`;
      const padded = cell.padStart(14);
      return through > 0 && !cleared ? colors.red(padded) : through === 0 ? colors.dim(padded) : padded;
    });
  const mark = cleared ? `cleared${assumed ? ' (assumed)' : ''}` : leaks ? colors.red('LEAKS') : colors.green('clean');
  return `  ${own.padEnd(14)}${cells.join('')}   ${mark}`;
}

function leakLines(group: readonly ExporterReport[], colors: Colors): string[] {
  const [{ leaks }] = group as [ExporterReport];
  if (leaks.length === 0) return [];
  const all = places(leaks);
  const canaries = leaks.reduce((sum, each) => sum + each.canaries, 0);
  const lines = all
    .slice(0, mostPlaces)
    .map(({ signal, items, fields, encodings: how, classes }) =>
      [`  ${names(group)}`, signal, some(signal, items), listed(fields), how.join(', '), classes.join(', ')].join(
        ' · ',
      ),
    );
  const rest = all.length - mostPlaces;
  return [
    colors.bold(`${figure(canaries)} canaries leak through ${names(group)}:`),
    ...lines,
    ...(rest > 0 ? [colors.dim(`  and ${figure(rest)} more of these; --json lists every field`)] : []),
    '',
  ];
}

const nouns = { logs: 'events', metrics: 'metrics', traces: 'spans' } as const;

/** A few names, or how many there are. */
function some(signal: Signal, items: readonly string[]): string {
  return items.length <= 2 ? items.join(', ') : `${items.length} ${nouns[signal]}`;
}
