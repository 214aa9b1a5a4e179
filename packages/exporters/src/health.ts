import type { Host, PipelineError } from '@otelier/core';

/** When a target counts as down, and when it is looked at again. */
export interface HealthPolicy {
  /** Failures in a row after which a target is down. */
  readonly maxFailures: number;
  /** How long a target that is down is left alone before one batch tries it. */
  readonly probeIntervalMs: number;
}

/** What is known of one target from the batches that were sent to it. */
export class Health {
  private readonly host: Host;
  private readonly name: string;
  private readonly policy: HealthPolicy;
  private failures: number = 0;
  private down: boolean = false;
  /** While it is down: one batch is on its way to see whether it still is. */
  private probing: boolean = false;
  private probeAt: number = 0;
  private notBefore: number = 0;
  /** How far away {@link notBefore} was when it was set. */
  private askedMs: number = 0;

  constructor(name: string, policy: HealthPolicy, host: Host) {
    this.host = host;
    this.name = name;
    this.policy = policy;
  }

  /** Whether a batch may go there: it is up, or it is time for one to find out. */
  get open(): boolean {
    if (this.patienceMs > 0) return false;
    return !this.down || (this.leftUntil(this.probeAt, this.policy.probeIntervalMs) === 0 && !this.probing);
  }

  /** Milliseconds that it has still asked to be left alone for; 0 when it may at least be tried. */
  get patienceMs(): number {
    return this.leftUntil(this.notBefore, this.askedMs);
  }

  /** A batch goes there. */
  begin(): void {
    if (this.down) this.probing = true;
  }

  /** It has answered, if only to refuse the data. */
  answered(): void {
    if (this.down) this.host.logger.info({ exporter: this.name }, 'an exporter is up again');
    this.failures = 0;
    this.down = false;
    this.probing = false;
    this.notBefore = 0;
  }

  failed(error: PipelineError): void {
    const now = this.host.clock.now();
    this.probing = false;
    this.askedMs = Math.max(this.patienceMs, error.retryAfterMs ?? 0);
    this.notBefore = now + this.askedMs;
    if (++this.failures < this.policy.maxFailures) return;
    this.probeAt = now + this.policy.probeIntervalMs;
    if (this.down) return;
    this.down = true;
    this.host.logger.warn({ exporter: this.name, code: error.code }, 'an exporter is down');
  }

  /** Nothing is left of a time that is further away than it ever was: the wall clock has been set back. */
  private leftUntil(time: number, atMost: number): number {
    const left = time - this.host.clock.now();
    return left > atMost ? 0 : Math.max(0, left);
  }

  /** The batch came to no answer for a reason that says nothing of the target: its sender left. */
  unknown(): void {
    this.probing = false;
  }
}
