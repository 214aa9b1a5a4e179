import type { TLSSocket } from 'node:tls';
import { type Host, type TurnedAway, turnedAway } from '@otelier/core';
import type { Transport } from './refusals.js';

const quietMs = 60_000;

/** Counts and logs connections that failed before they were encrypted: clients without a certificate, or that trust another one. */
export class HandshakeFailures {
  private readonly host: Host;
  private readonly transport: Transport;
  private readonly counter: ReturnType<Host['meter']['createCounter']>;
  private readonly status: TurnedAway;
  /** When each reason was logged last; there are some dozens of them. */
  private readonly loggedAt = new Map<string, number>();

  constructor(host: Host, transport: Transport) {
    this.host = host;
    this.transport = transport;
    this.status = turnedAway(host);
    this.counter = host.meter.createCounter('otelier_receiver_failed_handshakes', {
      description: 'Connections that ended in the TLS handshake, by reason.',
      unit: '{connection}',
    });
  }

  add(error: NodeJS.ErrnoException, socket: Pick<TLSSocket, 'remoteAddress' | 'authorizationError'>): void {
    // A certificate that nobody trusts makes Node end the connection without an error of its own; what was wrong with it is a code, whatever its type says.
    const distrust = socket.authorizationError as unknown as string | null | undefined;
    const reason = distrust ?? error.code ?? error.name;
    const { transport, host } = this;
    this.counter.add(1, { component: host.id, transport, reason });
    this.status.connection(`TLS handshake: ${reason}`);
    const now = host.clock.now();
    if (now - (this.loggedAt.get(reason) ?? Number.NEGATIVE_INFINITY) < quietMs) return;
    this.loggedAt.set(reason, now);
    host.logger.warn(
      { reason, transport, address: socket.remoteAddress ?? '' },
      `a connection failed in its TLS handshake: ${reason}`,
    );
  }
}
