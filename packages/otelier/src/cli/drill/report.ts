import {
  type AnyBatch,
  type FieldClass,
  linkOf,
  type Pipeline,
  type PipelinesConfig,
  type Signal,
  signals,
} from '@otelier/core';
import type { Exit } from '../rehearse/rehearse.js';
import { arrivals } from './arrivals.js';
import { type CanaryClass, canaryClasses } from './canaries/canary.js';
import { type Encoding, encodings } from './canaries/encodings.js';
import { keyOf, type Labels } from './labels.js';
import type { Planted } from './planting.js';

/** What a drill found out. */
export interface DrillReport {
  readonly file: string;
  readonly seed: number;
  readonly sessions: number;
  readonly requests: number;
  /** Requests that the pipelines did not take, or not all of, by reason. */
  readonly refused: { readonly [reason: string]: number };
  readonly canaries: number;
  readonly exporters: readonly ExporterReport[];
  /** Whether nothing left through an exporter that is not cleared for it. */
  readonly clean: boolean;
}

/** What would have left through one exporter. */
export interface ExporterReport {
  readonly exporter: string;
  /** Where it stands in the file: `logs.events.exporters[1]`. */
  readonly paths: readonly string[];
  readonly clearance: readonly FieldClass[];
  /** The exporter declares no clearance: label and identity are assumed. */
  readonly assumed: boolean;
  readonly requests: number;
  readonly bytes: number;
  readonly counts: readonly Count[];
  /** Of classes that it is not cleared for. */
  readonly leaks: readonly Leak[];
  readonly labels: { readonly sent: number; readonly lost: readonly LostLabel[] };
}

/** How many canaries of a class, in an encoding, were sent and got through. */
export interface Count {
  readonly class: CanaryClass;
  readonly encoding: Encoding;
  readonly sent: number;
  readonly through: number;
}

/** One place through which canaries got out. */
export interface Leak {
  readonly signal: Signal;
  /** The event, metric or span. */
  readonly item: string;
  readonly field: string;
  readonly encoding: Encoding;
  readonly class: CanaryClass;
  readonly canaries: number;
}

/** Labels that did not arrive as they were sent, all of them in each of the items. */
export interface LostLabel {
  readonly signal: Signal;
  readonly fields: readonly string[];
  readonly items: readonly string[];
}

const assumed: readonly FieldClass[] = ['label', 'identity'];

/** What left through an exporter, and which canaries were found in it, held against what was planted and what should have arrived. */
export function exporterReport(
  { exporter, paths, received }: Exit,
  config: PipelinesConfig,
  planted: readonly Planted[],
  labels: Labels,
  through: ReadonlySet<Planted>,
): ExporterReport {
  const clearance = exporter.clearance ?? assumed;
  const reaching = signalsTo(paths, config);
  const counts = countAll(
    planted.filter(({ signal }) => reaching.includes(signal)),
    through,
  );
  return {
    ...{ exporter: exporter.name, paths, clearance, assumed: exporter.clearance === undefined },
    ...{ requests: received.length, bytes: received.reduce((sum, { size }) => sum + size, 0), counts },
    leaks: leaksOf([...through].filter((each) => !clearance.includes(each.class))),
    labels: lostOf(labels, reaching, received),
  };
}

/** The signals whose canaries can come here; behind a connector that may be any. */
function signalsTo(paths: readonly string[], config: PipelinesConfig): readonly Signal[] {
  const connected = signals.some((signal) =>
    Object.values<Pipeline<never>>(config[signal] ?? {}).some(({ receivers }) => receivers.some(isConnected)),
  );
  return connected ? signals : signals.filter((signal) => paths.some((path) => path.startsWith(`${signal}.`)));
}

function isConnected(receiver: object): boolean {
  return linkOf(receiver) !== undefined;
}

function countAll(planted: readonly Planted[], through: ReadonlySet<Planted>): Count[] {
  return canaryClasses.flatMap((own) =>
    encodings.map((encoding) => {
      const sent = planted.filter((each) => each.class === own && each.encoding === encoding);
      return { class: own, encoding, sent: sent.length, through: sent.filter((each) => through.has(each)).length };
    }),
  );
}

function leaksOf(through: readonly Planted[]): Leak[] {
  const places = new Map<string, Leak>();
  for (const { signal, item, field, encoding, class: own } of through) {
    const key = JSON.stringify([signal, item, field, encoding, own]);
    const { canaries } = places.get(key) ?? { canaries: 0 };
    places.set(key, { signal, item, field, encoding, class: own, canaries: canaries + 1 });
  }
  return [...places.values()];
}

function lostOf(labels: Labels, of: readonly Signal[], received: readonly AnyBatch[]): ExporterReport['labels'] {
  const sent = labels.of(of);
  const arrived = arrivals(received);
  const byField = new Map<string, { signal: Signal; field: string; items: string[] }>();
  for (const label of sent) {
    if (arrived.has(keyOf(label))) continue;
    const { signal, field, item } = label;
    const key = JSON.stringify([signal, field]);
    const known = byField.get(key) ?? { signal, field, items: [] };
    byField.set(key, known);
    known.items.push(item);
  }
  const byItems = new Map<string, { signal: Signal; fields: string[]; items: string[] }>();
  for (const { signal, field, items } of byField.values()) {
    const key = JSON.stringify([signal, items]);
    const known = byItems.get(key) ?? { signal, fields: [], items };
    byItems.set(key, known);
    known.fields.push(field);
  }
  return { sent: sent.length, lost: [...byItems.values()] };
}
