/** One way to do the job of a case. */
export interface Variant {
  /** Builds the work of one operation on this payload; called once in the variant's own process. */
  prepare(payload: string): Work | Promise<Work>;
}

/** One operation, and how to tell that it did the same as the other variants. */
export interface Work {
  /** Runs once. An operation that returns a promise is awaited before the next one starts. */
  run(): unknown;
  /** What came out, in a form that equals that of every other variant; undefined when only the time counts. */
  outcome?(): unknown;
}

/** A ratio that must hold: time of `base` divided by time of `variant`. */
export interface Target {
  readonly payload: string;
  readonly variant: string;
  readonly base: string;
  readonly atLeast: number;
}

/** A row group of the table: the same job on several payloads in several ways. */
export interface MicroCase {
  readonly name: string;
  readonly payloads: readonly string[];
  /** Log records or data points in a payload, for items per second. */
  readonly items: Readonly<Record<string, number>>;
  readonly variants: Readonly<Record<string, Variant>>;
  readonly targets: readonly Target[];
}

/** A measurement that needs processes of its own: servers, start-up, a whole pipeline under load. */
export interface ProcessCase {
  readonly name: string;
  measure(options: { quick: boolean; progress: (line: string) => void }): Promise<ProcessResult>;
}

/** What a process case measured. */
export interface ProcessResult {
  /** Printed as a table. */
  readonly rows: readonly Readonly<Record<string, string | number>>[];
  readonly targets: readonly Outcome[];
}

/** A target and what was measured. */
export interface Outcome {
  readonly name: string;
  readonly measured: number;
  readonly target: number;
  /** `atLeast` unless smaller is better. */
  readonly atMost?: boolean;
  readonly met: boolean;
}
