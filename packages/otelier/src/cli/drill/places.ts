import type { Signal } from '@otelier/core';
import { type CanaryClass, canaryClasses } from './canaries/canary.js';
import { type Encoding, encodings } from './canaries/encodings.js';
import type { Leak } from './report.js';

/** Fields that leak in the same way in the same events. */
export interface LeakingFields {
  readonly signal: Signal;
  readonly items: readonly string[];
  readonly fields: readonly string[];
  readonly encodings: readonly Encoding[];
  readonly classes: readonly CanaryClass[];
}

/** Leaks put together for people: the common attributes of thirty events are one line. Those where private texts leak come first. */
export function places(leaks: readonly Leak[]): readonly LeakingFields[] {
  const byField = grouped(leaks, ({ signal, field }) => [signal, field]).map((of) => ({
    signal: of[0]!.signal,
    field: of[0]!.field,
    items: distinct(of.map(({ item }) => item)),
    encodings: encodings.filter((each) => of.some(({ encoding }) => encoding === each)),
    classes: canaryClasses.filter((own) => of.some((leak) => leak.class === own)),
  }));
  const alike = grouped(byField, ({ signal, items, encodings, classes }) => [signal, items, encodings, classes]);
  return alike.map((of) => ({ ...of[0]!, fields: of.map(({ field }) => field) })).sort((a, b) => weight(b) - weight(a));
}

function weight({ items, fields, classes }: LeakingFields): number {
  return (classes.includes('content') ? 1e6 : 0) + items.length * fields.length;
}

function grouped<T>(all: readonly T[], by: (each: T) => unknown): T[][] {
  const groups = new Map<string, T[]>();
  for (const each of all) {
    const key = JSON.stringify(by(each));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [each]);
    else group.push(each);
  }
  return [...groups.values()];
}

function distinct<T>(all: readonly T[]): T[] {
  return [...new Set(all)];
}
