import type { Finding } from '../finding.js';
import type { Configuration } from '../gather.js';
import type { Target } from '../targets.js';

/** What a check looks at. */
export interface Checked extends Configuration {
  /** Signals that leave by OTLP, and where to. */
  readonly targets: readonly Target[];
}

/** Looks at one concern of a configuration; sends nothing. */
export type Check = (of: Checked) => Finding[];
