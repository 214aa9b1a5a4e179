import type { ServerUnaryCall } from '@grpc/grpc-js';
import type { Identity, Peer } from '@otelier/core';
import { isCredential } from './auth/credential-headers.js';

/** The sender of a gRPC call; metadata is looked at only when somebody asks. Binary entries are left out. */
export class GrpcPeer implements Peer {
  declare readonly transport: string;
  declare readonly identity: Identity | undefined;
  declare private readonly call: ServerUnaryCall<Buffer, Buffer>;

  constructor(call: ServerUnaryCall<Buffer, Buffer>, identity: Identity | undefined) {
    this.transport = 'grpc';
    this.identity = identity;
    this.call = call;
  }

  get address(): string {
    return this.call.getPeer();
  }

  get headers(): Readonly<Record<string, string>> {
    const headers: Record<string, string> = {};
    for (const name of Object.keys(this.call.metadata.getMap())) {
      if (!name.endsWith('-bin') && !isCredential(name)) headers[name] = this.call.metadata.get(name).join(', ');
    }
    return headers;
  }
}
