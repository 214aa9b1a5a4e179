import type { DemoResult, Sums } from './demo.js';
import { figure, table } from './table.js';

/** The end of a demo as a table: what the model API served, what was sent, and what came out. */
export function comparison(result: DemoResult, endpoint: string | undefined): string {
  const { served, sent, received } = result;
  const row = (name: string, truth: string, of: (sums: Sums) => string): string[] => [
    name,
    truth,
    of(sent),
    ...(received === undefined ? [] : [of(received)]),
  ];
  const rows = [
    ['', 'model API served', 'sent', ...(received === undefined ? [] : ['came out'])],
    row('tokens', figure(served.tokens), ({ tokens }) => figure(tokens)),
    row('cost in USD', figure(served.costUsd, 6), ({ costUsd }) => figure(costUsd, 6)),
    row('API requests', figure(served.apiRequests), ({ apiRequests }) => figure(apiRequests)),
    row('log records', '', ({ logRecords }) => figure(logRecords)),
    row('data points', '', ({ dataPoints }) => figure(dataPoints)),
    row('spans', '', ({ spans }) => figure(spans)),
    row('series of metrics', '', ({ series }) => figure(series)),
    row('private texts', '', ({ privateTexts }) => figure(privateTexts)),
  ];
  return `\n${table(rows)}\n${verdict(result, endpoint)}\n`;
}

function verdict({ sessions, requests, failed, exact }: DemoResult, endpoint: string | undefined): string {
  const what = `${requests} requests of ${sessions} sessions`;
  if (failed > 0) return `${failed} of ${what} were not taken.`;
  if (endpoint !== undefined) return `${what} were taken by ${endpoint}.`;
  if (!exact) return `${what} were taken, but what came out is not what went in.`;
  return `${what}: nothing was lost, nothing was counted twice, no private text came out.
Series are fewer because session.id and user.account_uuid are gone, and their sums are still exact.`;
}
