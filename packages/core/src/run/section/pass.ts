import type { Entry } from './entry.js';

/** One batch, or one piece of a stage's own work, on its way through a section. */
export class Pass {
  declare readonly entries: Entry[];
  /** Whether the stages have not returned yet: what comes out until then is committed as one. */
  declare running: boolean;
  /** Whether its changes have become final or have been taken back. */
  declare over: boolean;
  /** Whether they have been taken back. */
  declare failed: boolean;

  constructor() {
    this.entries = [];
    this.running = true;
    this.over = false;
    this.failed = false;
  }
}
