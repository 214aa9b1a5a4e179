import type { AnyBatch, Flow, Host } from '@otelier/core';
import type { PartialSuccess } from '@otelier/otlp';

const quietMs = 60_000;
const maxText = 200;

/** Accounts for what a backend took only in part, and logs it at most once a minute. */
export class PartialSuccessReport {
  private readonly host: Host;
  private readonly target: string;
  private lastAt: number = Number.NEGATIVE_INFINITY;
  private unlogged: number = 0;

  constructor(host: Host, target: string) {
    this.host = host;
    this.target = target;
  }

  /** `rejected` items become refused ones, so that the sender and the account hear of them; they must not be sent again. */
  take(partial: PartialSuccess, batch: AnyBatch, flow: Flow): void {
    const rejected = Math.min(partial.rejected, batch.count);
    this.host.note(1, rejected > 0 ? 'partial success' : 'success with a warning');
    if (rejected > 0) flow.refuse(rejected, 'rejected by backend');
    this.unlogged += rejected;
    const now = this.host.clock.now();
    if (now - this.lastAt < quietMs) return;
    const fields = { endpoint: this.target, rejected: this.unlogged, said: oneLine(partial.message) };
    this.lastAt = now;
    this.unlogged = 0;
    this.host.logger.warn(
      fields,
      rejected > 0 ? 'the backend rejected a part of the data' : 'the backend took the data with a warning',
    );
  }
}

function oneLine(message: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters of a backend have no place in our log
  const clean = message.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ');
  return clean.length > maxText ? `${clean.slice(0, maxText)}…` : clean;
}
