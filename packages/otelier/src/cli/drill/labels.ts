import type { Signal } from '@otelier/core';
import type { Place } from './planting.js';

/** A label that should arrive as it was sent. */
export interface Label extends Place {
  readonly field: string;
  readonly value: string;
}

/** The labels of genuine records, and whether they arrived. */
export class Labels {
  readonly #all: Map<string, Label> = new Map();

  /** Notes a label; the same label of many records counts once. */
  expect(place: Place, field: string, value: unknown): void {
    const label = { ...place, field, value: String(value) };
    this.#all.set(keyOf(label), label);
  }

  /** A list that nobody looks at, for what may be dropped with good reason: exemplars are a sample. */
  ignored(): Labels {
    return new Labels();
  }

  /** Labels of the signals, in the order in which they were sent. */
  of(signals: readonly Signal[]): readonly Label[] {
    return [...this.#all.values()].filter(({ signal }) => signals.includes(signal));
  }
}

/** Labels are the same when they say the same in the same field of the same event. */
export function keyOf({ signal, item, field, value }: Label): string {
  return JSON.stringify([signal, item, field, value]);
}
