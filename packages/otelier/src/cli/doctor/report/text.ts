import pc from 'picocolors';
import type { ResourceTable } from '../checks/resource.js';
import { type Finding, type Severity, topics } from '../finding.js';
import type { FieldChange } from '../pipelines/flat.js';
import type { ExitReport, PipelinesReport } from '../pipelines/try-pipelines.js';
import type { Answer } from '../probe/answer.js';
import { understood } from '../probe/knock.js';
import type { Probe } from '../probe/probe.js';
import type { ReportData } from './report-data.js';
import { wrap } from './wrap.js';

type Colors = ReturnType<typeof pc.createColors>;

const width = 110;
const titles = {
  sources: 'Sources',
  telemetry: 'Telemetry',
  endpoints: 'Endpoints',
  headers: 'Headers',
  resource: 'Resource attributes',
  metrics: 'Metrics',
  privacy: 'Privacy',
  pipelines: 'Pipelines',
} as const;

/** A report for people. */
export function text(report: ReportData, colors: boolean): string {
  const c = pc.createColors(colors);
  const parts = [variables(report, c)];
  for (const topic of topics) {
    const own = report.findings.filter((finding) => finding.topic === topic);
    const body = [
      ...own.map((finding) => findingLines(finding, c)),
      ...(topic === 'endpoints' && report.probe ? [answers(report.probe, c)] : []),
      ...(topic === 'resource' && report.resource ? [table(report.resource, c)] : []),
      ...(topic === 'pipelines' && report.pipelines ? [exits(report.pipelines, report, c)] : []),
    ].filter((part) => part !== '');
    if (body.length > 0) parts.push(`${c.bold(titles[topic])}\n${body.join('\n')}`);
  }
  const mark = report.ok ? c.green('✓') : c.red('✗');
  return `${parts.join('\n\n')}\n\n${mark} ${c.bold(report.verdict)}\n`;
}

const marks: Readonly<Record<Severity, string>> = { error: '✗', warning: '!', info: '·' };

function findingLines({ id, severity, message, where, fix }: Finding, c: Colors): string {
  const paint = { error: c.red, warning: c.yellow, info: c.dim }[severity];
  const lines = wrap(message, width - 4).map((line, i) =>
    i === 0 ? `  ${paint(marks[severity])} ${line}` : `    ${line}`,
  );
  if (where !== undefined) lines.push(c.dim(`    ${where}  [${id}]`));
  else lines.push(c.dim(`    [${id}]`));
  for (const line of fix?.split('\n') ?? []) lines.push(`    ${c.cyan(`→ ${line}`)}`);
  return lines.join('\n');
}

function variables({ variables: all, sources }: ReportData, c: Colors): string {
  const read = `${c.bold('Read')}\n${sources.map(({ level, source }) => `  ${level.padEnd(12)}  ${source}`).join('\n')}`;
  if (all.length === 0) return `${read}\n\n${c.bold('In force')}\n  no variable about telemetry`;
  const longest = Math.max(...all.map(({ name }) => name.length));
  const widest = Math.min(48, Math.max(...all.map(({ value }) => value.length)));
  const rows = all.flatMap(({ name, value, source, shadowed }) => [
    `  ${name.padEnd(longest)}  ${cut(value, 48).padEnd(widest)}  ${c.dim(source)}`,
    ...shadowed.map((each) =>
      c.dim(
        `  ${' '.repeat(longest)}  ${cut(each.value, 48).padEnd(widest)}  ${each.source} (${each.level}), overruled`,
      ),
    ),
  ]);
  return `${read}\n\n${c.bold('In force')}\n${rows.join('\n')}`;
}

function answers({ signals, places, canary }: Probe, c: Colors): string {
  const rows = signals.map(({ signal, protocol, url, answer }) => {
    const [mark, what] = answer === undefined ? [c.red('✗'), 'not sent: the endpoint is no URL'] : describe(answer, c);
    return `  ${mark} ${signal.padEnd(7)}  ${protocol.padEnd(13)}  ${url}  ${what}`;
  });
  const speaks = places.map(({ place, knocks }) => {
    const known = knocks
      .filter(understood)
      .map(({ protocol, tls }) => (tls && !place.startsWith('https') ? `${protocol} over TLS` : protocol));
    return c.dim(`    ${place} ${known.length === 0 ? 'speaks no OTLP' : `speaks ${known.join(', ')}`}`);
  });
  return [c.dim(`  The canary ${canary}, sent as Claude Code would:`), ...rows, ...speaks].join('\n');
}

function describe(answer: Answer, c: Colors): [mark: string, what: string] {
  switch (answer.kind) {
    case 'accepted':
      return [c.green('✓'), 'accepted'];
    case 'partial':
      return [c.yellow('!'), answer.rejected > 0 ? 'answered 200, but rejected it' : 'accepted with a warning'];
    case 'refused':
      return [c.red('✗'), `refused: ${answer.code}`];
    case 'foreign':
      return [c.red('✗'), `no OTLP: ${answer.code}`];
    case 'silent':
      return [c.red('✗'), answer.why.replaceAll('-', ' ')];
  }
}

function table({ rows, corrected }: ResourceTable, c: Colors): string {
  const lines = rows.flatMap(({ title, clients, attributes, copies, lost, mistakes }) => {
    const list = (of: Readonly<Record<string, string>>): string =>
      Object.entries(of)
        .map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
        .join(', ') || 'nothing';
    return [
      `  ${mistakes.length === 0 ? c.green('✓') : lost ? c.red('✗') : c.yellow('!')} ${clients} ${c.dim(`(${title})`)}`,
      ...wrap(list(attributes), width - 6).map((line) => `      ${line}`),
      ...(copies === undefined
        ? []
        : wrap(`on points and events: ${list(copies)}`, width - 6).map((line) => `      ${line}`)),
    ];
  });
  const fixed =
    corrected === undefined
      ? []
      : ['  The same for all of them:', `    ${c.cyan(`export OTEL_RESOURCE_ATTRIBUTES='${corrected}'`)}`];
  return ['  What each SDK sends for this text:', ...lines, ...fixed].join('\n');
}

function exits({ file, exits: all }: PipelinesReport, { files }: ReportData, c: Colors): string {
  const lines: string[] = [];
  for (const same of alike(all)) {
    const [{ signal, items, changes, temporality }] = same;
    const mark = items > 0 ? c.green('✓') : c.yellow('!');
    lines.push(`  ${mark} ${signal.padEnd(7)}  ${same.map(({ exporter }) => exporter).join(', ')}`);
    if (items === 0) lines.push('      nothing comes out');
    else if (changes.length === 0) lines.push('      as it came');
    else for (const kind of ['removed', 'changed', 'added'] as const) lines.push(...told(kind, changes));
    if (temporality !== undefined) lines.push(`      temporality: ${temporality}`);
  }
  for (const { signal, file, found } of files) {
    const mark = found ? c.green('✓') : c.yellow('!');
    lines.push(`  ${mark} ${signal.padEnd(7)}  ${found ? 'is in' : 'is not in'} ${file}`);
  }
  return [`  What ${file} makes of the canary:`, ...lines].join('\n');
}

/** Exporters of one signal that get the same are told together. */
function alike(exits: readonly ExitReport[]): [ExitReport, ...ExitReport[]][] {
  const groups = new Map<string, [ExitReport, ...ExitReport[]]>();
  for (const exit of exits) {
    const { signal, items, changes, temporality } = exit;
    const key = JSON.stringify([signal, items > 0, changes, temporality]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [exit]);
    else group.push(exit);
  }
  return [...groups.values()];
}

function told(kind: FieldChange['change'], changes: readonly FieldChange[]): string[] {
  const own = changes.filter(({ change }) => change === kind);
  if (own.length === 0) return [];
  const list = own.map(({ field, to }) => field.replace(/^attribute /, '') + (to === undefined ? '' : ` = ${to}`));
  return wrap(`${kind}: ${list.join(', ')}`, width - 6).map((line) => `      ${line}`);
}

function cut(value: string, longest: number): string {
  return value.length > longest ? `${value.slice(0, longest - 1)}…` : value;
}
