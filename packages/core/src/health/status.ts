import { readFileSync } from 'node:fs';
import type { Engine } from '../run/host.js';
import type { RunningSource } from '../run/running-source.js';
import type { HealthData, StatusData } from './health-data.js';

/** What a status is made of, beside health. */
export interface StatusParts {
  readonly engine: Engine;
  readonly state: string;
  readonly sources: readonly RunningSource[];
  readonly uptimeMs: number;
}

let known: string | undefined;

/** The version in this package's own package.json. */
function version(): string {
  if (known !== undefined) return known;
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (known = (JSON.parse(manifest) as { version: string }).version);
}

/** Gathers the figures of a collector. */
export function statusOf(
  { live, ready, reasons, degraded, pipelines }: HealthData,
  { engine, state, sources, uptimeMs }: StatusParts,
): StatusData {
  const { ledger, admission, pressure, rooms, doors } = engine;
  const components = ledger.data();
  const inner = new Set([...ledger].flatMap((account) => (account.kind === 'exporter' ? account.inner : [])));
  const refused: Record<string, number> = {};
  let held = 0;
  for (const account of ledger) {
    // A wrapper answers for what it wraps.
    if (inner.has(account)) continue;
    held += account.held;
    for (const [reason, { value }] of account.refused.counts) refused[reason] = (refused[reason] ?? 0) + value;
  }
  return {
    ...{ version: version(), state, uptimeSeconds: Math.floor(uptimeMs / 1000) },
    ...{ live, ready, reasons, degraded, pipelines },
    receivers: Object.fromEntries(sources.map(({ id, running }) => [id, running?.endpoints ?? []])),
    inFlight: {
      ...{ bytes: admission.inFlightBytes, limitBytes: admission.limitBytes },
      refusedRequests: admission.refused.data(),
    },
    doors: doors.data(),
    memory: { bytes: pressure.memoryBytes, limitBytes: pressure.limitBytes },
    ...{ held, refused, queues: rooms.data(), components },
  };
}
