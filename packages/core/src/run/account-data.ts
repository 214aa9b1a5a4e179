import type { Signal } from '../signal.js';

/** What a component is in the graph. */
export type ComponentKind = 'receiver' | 'processor' | 'exporter';

/** Items by reason. */
export type CountsByReason = { readonly [reason: string]: number };

/**
 * What one component did with the items that it got, as plain data. Always: in + Σ added = out + Σ dropped + Σ refused + held.
 *
 * Items are log records, data points or spans. What a component passes on counts as `out` at once, whatever becomes of it later:
 * a failure is counted once, as `refused` of the component that failed, and by code in `failed` of the receiver whose sender was told.
 */
export interface AccountData {
  /** The component's id; a receiver has one account per signal, such as `receivers/otlp/logs`. */
  readonly id: string;
  readonly kind: ComponentKind;
  readonly name: string;
  readonly signal: Signal;
  readonly pipeline: string | undefined;
  readonly in: number;
  /** Processors: passed on. Exporters: delivered. Receivers: handed to the pipelines. */
  readonly out: number;
  /** Items that the component made, by reason; `made` when it did not say why. */
  readonly added: CountsByReason;
  /** Items that ended here on purpose, by reason; `filtered` when the component did not say why. */
  readonly dropped: CountsByReason;
  /** Items that this component refused, by reason or error code. */
  readonly refused: CountsByReason;
  /** Receivers only: the part of `out` whose sender was told of a failure, by error code. */
  readonly failed: CountsByReason;
  /** What happened to items that stayed, by reason: resets, gaps, overlaps. No part of the balance. */
  readonly noted: CountsByReason;
  /** Items that are inside the component now. */
  readonly held: number;
}
