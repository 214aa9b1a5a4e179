import { LogsBatch } from '@otelier/otlp';
import type { Random } from '@otelier/testing';
import type { Ledger } from './ledger.js';

/** What a {@link Backend} does with one request. */
export type Mood =
  | { readonly does: 'take'; readonly afterMs?: number }
  | {
      readonly does: 'refuse';
      /** HTTP's, or gRPC's. */
      readonly status: number;
      /** HTTP only. */
      readonly headers?: Readonly<Record<string, string>>;
      /** gRPC only: RetryInfo. */
      readonly retryAfterMs?: number;
    }
  /** Ends the connection while the body comes in, when it has been stored, or in the middle of the answer. */
  | { readonly does: 'reset'; readonly when: 'body' | 'stored' | 'answer' }
  /** Leaves out records with this probability, and says so. */
  | { readonly does: 'leave out'; readonly share: number };

/** Draws what happens to the next request. */
export type Moods = (random: Random) => Mood;

export const calm: Moods = () => ({ does: 'take' });

/** A backend that writes every record it takes into the ledger. */
export interface Backend {
  moods: Moods;
  readonly endpoint: string;
  /** Listens, after the first time where it did before. */
  open(): Promise<void>;
  /** Ends all connections, whatever is on them, and does not listen any more. */
  close(): Promise<void>;
}

/** What a backend did with the records of a request. */
export interface Taken {
  readonly ids: readonly string[];
  /** For the answer; undefined when there is nothing to say. */
  readonly partial: { readonly rejected: number; readonly message: string } | undefined;
}

/** Stores what comes in, as far as the mood lets it. @throws {OtlpError} for what is not a request. */
export function take(body: Buffer, mood: Mood, ledger: Ledger, random: Random): Taken {
  const all = idsIn(body);
  const out = mood.does === 'leave out' ? all.filter(() => random.chance(mood.share)) : [];
  const ids = out.length === 0 ? all : all.filter((id) => !out.includes(id));
  ledger.arrived(ids);
  ledger.rejected(out);
  if (mood.does !== 'leave out') return { ids, partial: undefined };
  return { ids, partial: { rejected: out.length, message: out.length > 0 ? 'too old' : 'slow down' } };
}

/** The records of a request by their ids. */
export function idsIn(body: Buffer): string[] {
  return Array.from(LogsBatch.parse(body).records(), (record) => String(record.body));
}
