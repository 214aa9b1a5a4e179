import type { Moods } from './backend.js';
import type { FileOptions } from './pipeline-file.js';
import type { World } from './world.js';

/** One way to hurt a collector, its senders or its backend. */
export interface Fault {
  readonly name: string;
  /** How often it strikes in the short form of the suite; see `share` for the long one. */
  readonly short: number;
  /** Part of the runs that are asked for, 1 unless told otherwise: a run may take long. */
  readonly share?: number;
  /** How the backend is all the time. */
  readonly moods?: Moods;
  readonly file?: FileOptions;
  readonly flags?: readonly string[];
  readonly nodeOptions?: string;
  /** What the backend speaks; HTTP unless told otherwise. */
  readonly backend?: 'grpc';
  /** How long before a crash the backend may have said yes and yet get it again, in milliseconds; for ever unless told otherwise. */
  readonly forgetsMs?: number;
  /** Whether clients speak TLS. */
  readonly tls?: true;
  /** The collector does not run when it strikes, nor at its end: the fault is about a whole life of it. */
  readonly whole?: true;
  /** One run; at its end the collector runs, unless told otherwise above. */
  strike(world: World): Promise<void>;
}
