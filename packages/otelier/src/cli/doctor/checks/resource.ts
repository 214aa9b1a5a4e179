import { formatResourceAttributes, type SdkGeneration, sdkGenerations, simulateSdk } from '@otelier/processors';
import type { Finding } from '../finding.js';
import type { Variables } from '../variables.js';
import type { Check } from './check.js';

const name = 'OTEL_RESOURCE_ATTRIBUTES';

/** What one SDK generation makes of the variable. */
export interface GenerationRow {
  readonly generation: SdkGeneration;
  readonly title: string;
  readonly clients: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** On points and events, where they differ from the resource's. */
  readonly copies?: Readonly<Record<string, string>>;
  readonly lost: boolean;
  readonly mistakes: readonly string[];
}

/** OTEL_RESOURCE_ATTRIBUTES as each SDK generation reads it. */
export interface ResourceTable {
  readonly rows: readonly GenerationRow[];
  /** The text that every generation reads in the same way; undefined when it is that already, when there is none, or nobody can tell what was meant. */
  readonly corrected?: string;
}

/** The table of the variable; undefined when it is not set or not known. */
export function resourceTable(variables: Variables): ResourceTable | undefined {
  const text = variables.raw(name);
  if (text === undefined || text.trim() === '') return undefined;
  const rows = sdkGenerations.map(({ id, title, clients }): GenerationRow => {
    const { attributes, copies, lost, mistakes } = simulateSdk(text, id);
    const [own, copied] = [Object.fromEntries(attributes), copies && Object.fromEntries(copies)];
    const differ = copied !== undefined && JSON.stringify(copied) !== JSON.stringify(own);
    return { generation: id, title, clients, attributes: own, ...(differ && { copies: copied }), lost, mistakes };
  });
  const corrected = correct(text);
  return { rows, ...(corrected !== undefined && corrected !== text && { corrected }) };
}

/** The same attributes, encoded so that every SDK reads them alike: quotes around values are taken for a slip of the shell. */
function correct(text: string): string | undefined {
  const pairs = new Map<string, string>();
  for (const part of text.split(',')) {
    const pair = part.trim();
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    // Without "=" it is most likely the rest of a value that holds a comma.
    if (equals < 1) return undefined;
    const key = pair.slice(0, equals).trim();
    pairs.set(
      decode(key),
      decode(
        pair
          .slice(equals + 1)
          .trim()
          .replace(/^(["'“”])(.*)["'“”]$/s, '$2'),
      ),
    );
  }
  try {
    return formatResourceAttributes(pairs);
  } catch {
    // A key that some SDKs would leave encoded, or a value that others cut: there is no text that all read alike.
    return undefined;
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Do all clients read the same attributes, and all of them? */
export const checkResource: Check = ({ variables }) => {
  const table = resourceTable(variables);
  if (table === undefined) return [];
  const where = variables.where(name);
  const fix =
    table.corrected === undefined ? `export ${name}='key=value,other=value'` : `export ${name}='${table.corrected}'`;
  const findings: Finding[] = [];
  const ofClaude = table.rows.filter(({ clients }) => clients.startsWith('Claude Code'));
  const losing = ofClaude.filter(({ lost }) => lost);
  if (losing.length > 0) {
    const message = `One mistake loses all attributes: ${losing.map(({ clients }) => clients).join('; ')}. Nothing is printed when that happens. ${losing[0]?.mistakes.join('; ')}.`;
    findings.push({ id: 'resource-lost', topic: 'resource', severity: 'error', message, where, fix });
  }
  // A comma too many takes nothing away from Claude Code.
  const text = (variables.raw(name) ?? '').replace(/(?:^|,)[\s,]*(?=,|$)/g, '');
  const other = ofClaude
    .filter(({ lost }) => !lost)
    .map(({ clients, generation }) => ({ clients, mistakes: simulateSdk(text, generation).mistakes }))
    .filter(({ mistakes }) => mistakes.length > 0);
  if (other.length > 0) {
    const message = other.map(({ clients, mistakes }) => `${clients}: ${mistakes.join('; ')}`).join('. ');
    findings.push({ id: 'resource-changed', topic: 'resource', severity: 'error', message: `${message}.`, where, fix });
  }
  const first = JSON.stringify(sorted(table.rows[0]?.attributes));
  if (findings.length === 0 && table.rows.some(({ attributes }) => JSON.stringify(sorted(attributes)) !== first)) {
    const message = 'Claude Code reads it, but not every SDK reads the same: see the table.';
    findings.push({ id: 'resource-differs', topic: 'resource', severity: 'warning', message, where, fix });
  }
  return [...findings, ...reserved(table, where)];
};

const clients = [
  'session.id',
  'user.id',
  'user.email',
  'organization.id',
  'model',
  'type',
  'event.name',
  'service.version',
  'os.type',
  'host.arch',
];

/** Names that Claude Code gives itself: on the resource they would pass for its own. */
function reserved({ rows }: ResourceTable, where: string): Finding[] {
  const used = clients.filter((key) => rows.some(({ attributes }) => key in attributes));
  if (used.length === 0) return [];
  const message = `Claude Code sends ${used.join(', ')} itself; under the same name yours stands on the resource, and on points where Claude Code has no value.`;
  return [
    {
      id: 'resource-reserved',
      topic: 'resource',
      severity: 'warning',
      message,
      where,
      fix: 'Use names of your own, such as team.id.',
    },
  ];
}

function sorted(attributes: Readonly<Record<string, string>> = {}): [string, string][] {
  return Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
}
