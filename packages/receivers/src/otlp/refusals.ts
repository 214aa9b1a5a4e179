import { type Host, type TurnedAway, turnedAway } from '@otelier/core';

/** The protocol of a door, as metrics name it. */
export type Transport = 'http' | 'grpc';

type Attributes = { readonly component: string; readonly transport: Transport; readonly reason: string };
type Counter = ReturnType<Host['meter']['createCounter']>;

/** Counts what a receiver turned away, by reason: requests before they reached a pipeline, and connections. */
export class Refusals {
  declare private readonly host: Host;
  declare private readonly status: TurnedAway;
  declare private readonly requests: Counter;
  declare private readonly connections: Counter;
  /** Reasons are few and always the same words. */
  declare private readonly attributes: Map<string, Attributes>;

  constructor(host: Host) {
    this.host = host;
    this.status = turnedAway(host);
    this.attributes = new Map();
    this.requests = host.meter.createCounter('otelier_receiver_refused_requests', {
      description: 'Requests that were refused at the door, by reason.',
      unit: '{request}',
    });
    this.connections = host.meter.createCounter('otelier_receiver_closed_connections', {
      description: 'Connections that the receiver refused or ended because of what their client did, by reason.',
      unit: '{connection}',
    });
  }

  request(transport: Transport, reason: string): void {
    this.status.request(reason);
    this.requests.add(1, this.of(transport, reason));
  }

  connection(transport: Transport, reason: string): void {
    this.status.connection(reason);
    this.connections.add(1, this.of(transport, reason));
  }

  private of(transport: Transport, reason: string): Attributes {
    const key = `${transport} ${reason}`;
    let known = this.attributes.get(key);
    if (known === undefined) {
      known = { component: this.host.id, transport, reason };
      this.attributes.set(key, known);
    }
    return known;
  }
}
