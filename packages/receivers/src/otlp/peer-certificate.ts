import type { Socket } from 'node:net';
import { type PeerCertificate, TLSSocket } from 'node:tls';

// Read once per connection: what it is made of does not change, and reading costs as much as a request.
const known = new WeakMap<Socket, PeerCertificate>();

/** The certificate that a client has shown on this connection; undefined when there is none, or it is not trusted. */
export function peerCertificate(socket: Socket): PeerCertificate | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  let certificate = known.get(socket);
  if (certificate === undefined) {
    certificate = socket.getPeerCertificate();
    // An empty object stands for none.
    if (certificate.raw === undefined) return undefined;
    known.set(socket, certificate);
  }
  return certificate;
}
