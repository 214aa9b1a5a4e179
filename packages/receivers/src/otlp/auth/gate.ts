import { type Clock, ConfigError, type Host, type Identity, PipelineError } from '@otelier/core';
import type { Refusals } from '../refusals.js';
import type { Authenticator, AuthRequest, Verdict } from './authenticator.js';

/** Whom a request is from, or what to answer it. */
export type Admission = Identity | PipelineError;

/** How long an authenticator may take, in milliseconds. */
const patienceMs = 10_000;
/** How often the same refusal is logged, in milliseconds. */
const quietMs = 60_000;
/** Errors of a user's own function may differ each time. */
const maxQuiet = 100;

/** Asks the authenticator about every request, and counts and logs by reason those that it keeps out. */
export class Gate {
  declare readonly challenge: string;
  declare private readonly auth: Authenticator;
  declare private readonly host: Host;
  declare private readonly refusals: Refusals;
  /** Since when a reason was logged last, and how many there were since. */
  declare private readonly quiet: Map<string, { since: number; count: number }>;

  constructor(auth: Authenticator, host: Host, refusals: Refusals) {
    this.auth = auth;
    this.challenge = auth.challenge;
    this.host = host;
    this.quiet = new Map();
    this.refusals = refusals;
  }

  /** Not a promise when the answer is known at once. Never throws or rejects. */
  ask(request: AuthRequest): Admission | Promise<Admission> {
    try {
      const verdict = this.auth.authenticate(request);
      if (!(verdict instanceof Promise)) return this.admission(verdict, request);
      return within(verdict, patienceMs, this.host.clock).then(
        (known) => this.admission(known, request),
        (error: unknown) => this.failure(error, request),
      );
    } catch (error) {
      return this.failure(error, request);
    }
  }

  private admission(verdict: Verdict, request: AuthRequest): Admission {
    if (typeof verdict !== 'string') return verdict;
    this.note(verdict, request);
    return new PipelineError('unauthenticated', verdict);
  }

  // Whether the sender may come in is not known, so the same request may be let in later.
  private failure(error: unknown, request: AuthRequest): PipelineError {
    const known = error instanceof PipelineError && error.retryable;
    this.note('authentication failed', request, error);
    return known ? error : new PipelineError('unavailable', 'it cannot be checked now who you are; send again later');
  }

  private note(reason: string, { transport, address }: AuthRequest, error?: unknown): void {
    this.refusals.request(transport, reason);
    const now = this.host.clock.now();
    const why = error === undefined ? reason : `${reason}: ${told(error)}`;
    const last = this.quiet.get(why);
    if (last !== undefined && now - last.since < quietMs) {
      last.count++;
      return;
    }
    const fields = { reason, transport, address, requests: (last?.count ?? 0) + 1 };
    this.host.logger.warn(fields, `a request was refused: ${why}`);
    if (this.quiet.size >= maxQuiet) this.quiet.clear();
    this.quiet.set(why, { since: now, count: 0 });
  }
}

// The message of a foreign error may quote a credential; ours name the variable, file or address, and so do their causes.
function told(error: unknown): string {
  const sentences: string[] = [];
  let next: unknown = error;
  for (; next instanceof PipelineError || next instanceof ConfigError; next = next.cause) sentences.push(next.message);
  if (sentences.length > 0) return sentences.join(': ');
  return error instanceof Error ? error.name : typeof error;
}

function within<T>(work: Promise<T>, ms: number, clock: Clock): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(new PipelineError('unavailable', `no answer within ${ms} ms`)));
    work.then(resolve, reject).finally(cancel);
  });
}
