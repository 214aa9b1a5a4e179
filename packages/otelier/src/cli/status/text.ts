import type { AccountData, CountsByReason, PipelineHealth, StatusData } from '@otelier/core';
import { figure, table } from '../demo/table.js';

const columns = ['in', 'out', 'dropped', 'refused', 'held', 'queue'];

/** A status for people: whether it is ready or why not, and what every component did. */
export function statusText(status: StatusData, where: string): string {
  const { version, state, uptimeSeconds, ready, reasons, degraded, inFlight, memory, refused, receivers } = status;
  const lines = [
    `${ready ? (degraded.length === 0 ? 'ready' : 'ready, degraded') : 'NOT READY'}   otelier ${version} at ${where}, ${state} for ${age(uptimeSeconds)}`,
    ...reasons.map((reason) => `  ✗ ${reason}`),
    ...degraded.map((reason) => `  ! ${reason}`),
    '',
    ...Object.entries(receivers).map(([id, doors]) => `${id}   ${doors.join(', ') || 'no address'}`),
    `in flight   ${figure(inFlight.bytes)} of ${figure(inFlight.limitBytes)} bytes`,
    `memory   ${figure(memory.bytes)}${memory.limitBytes === undefined ? '' : ` of ${figure(memory.limitBytes)}`} bytes`,
    ...byReason('refused requests', inFlight.refusedRequests),
    ...byReason('refused', refused),
  ];
  return `${lines.join('\n')}\n\n${table([['', ...columns], ...rows(status)])}`;
}

function byReason(what: string, counts: CountsByReason): string[] {
  const shown = Object.entries(counts).map(([reason, count]) => `${reason} ${figure(count)}`);
  return shown.length === 0 ? [] : [`${what}   ${shown.join(', ')}`];
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
