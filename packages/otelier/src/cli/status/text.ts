import type { AccountData, CountsByReason, PipelineHealth, StatusData } from '@otelier/core';
import { figure, table } from '../demo/table.js';

const columns = ['in', 'out', 'dropped', 'refused', 'held', 'queue'];

/** A status for people: whether it is ready or why not, and what every component did. */
export function statusText(status: StatusData, where: string): string {
  const { version, state, uptimeSeconds, ready, reasons, degraded, inFlight, memory, refused, receivers } = status;
  // A collector of an earlier version does not tell.
  const doors: Partial<StatusData['doors']> = status.doors ?? {};
  const lines = [
    `${ready ? (degraded.length === 0 ? 'ready' : 'ready, degraded') : 'NOT READY'}   otelier ${version} at ${where}, ${state} for ${age(uptimeSeconds)}`,
    ...reasons.map((reason) => `  ✗ ${reason}`),
    ...degraded.map((reason) => `  ! ${reason}`),
    '',
    ...Object.entries(receivers).flatMap(([id, addresses]) => [
      `${id}   ${addresses.join(', ') || 'no address'}`,
      ...byReason('  refused requests', doors[id]?.refusedRequests ?? {}),
      ...byReason('  closed connections', doors[id]?.closedConnections ?? {}),
    ]),
    `in flight   ${figure(inFlight.bytes)} of ${figure(inFlight.limitBytes)} bytes`,
    `memory   ${figure(memory.bytes)}${memory.limitBytes === undefined ? '' : ` of ${figure(memory.limitBytes)}`} bytes`,
    ...byReason('no room for requests', inFlight.refusedRequests),
    ...byReason('refused', refused),
  ];
  const why = whys(status);
  const text = `${lines.join('\n')}\n\n${table([['', ...columns], ...rows(status)])}`;
  return why.length === 0 ? text : `${text}\n${why.join('\n')}\n`;
}

function byReason(what: string, counts: CountsByReason): string[] {
  const shown = Object.entries(counts).map(([reason, count]) => `${reason} ${figure(count)}`);
  return shown.length === 0 ? [] : [`${what}   ${shown.join(', ')}`];
}

/** Why a component has other items behind it than before it. */
function whys({ components }: StatusData): string[] {
  const whats = ['added', 'dropped', 'refused', 'failed', 'noted'] as const;
  return Object.values(components).flatMap((account) =>
    whats.flatMap((what) => byReason(`${account.id}   ${what}`, account[what])),
  );
}

/** Receivers first, then each pipeline with its components under it. */
function rows(status: StatusData): string[][] {
  const accounts = Object.values(status.components);
  const made = accounts
    .filter(({ pipeline }) => pipeline === undefined)
    .map((account) => row(account.id, account, status));
  for (const [path, health] of Object.entries(status.pipelines)) {
    const word = wordFor(health);
    made.push([word === '' ? path : `${path}   ${word}`]);
    for (const account of accounts) {
      if (`${account.signal}/${account.pipeline}` !== path) continue;
      made.push(row(`  ${account.id.slice(path.length + 1)}`, account, status));
    }
  }
  return made;
}

function wordFor({ ready, stalled, degraded }: PipelineHealth): string {
  if (stalled.length > 0) return 'STALLED';
  if (!ready) return 'FULL';
  return degraded.length > 0 ? 'DEGRADED' : '';
}

function row(name: string, account: AccountData, { queues }: StatusData): string[] {
  const room = queues[account.id];
  const fill = room === undefined ? '' : `${figure((100 * room.bytes) / room.maxBytes, 1)} %`;
  const { in: came, out, dropped, refused, held } = account;
  return [name, ...[came, out, total(dropped), total(refused), held].map((count) => figure(count)), fill];
}

function total(counts: CountsByReason): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

const units: readonly (readonly [string, number])[] = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
];

/** A length of time in its largest whole unit. */
function age(seconds: number): string {
  for (const [unit, length] of units) if (seconds >= length) return `${Math.floor(seconds / length)} ${unit}`;
  return `${seconds} s`;
}
