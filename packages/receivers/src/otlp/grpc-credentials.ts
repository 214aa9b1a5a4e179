import type * as Grpc from '@grpc/grpc-js';
import type { Certificates } from './certificates.js';

type Provider = Grpc.experimental.CertificateProvider;
type IdentityListener = Grpc.experimental.IdentityCertificateUpdateListener;
type CaListener = Grpc.experimental.CaCertificateUpdateListener;

/** Credentials that follow the receiver's certificates: the one way in which grpc-js lets a server change them while it runs. */
export function serverCredentials(grpc: typeof Grpc, certificates: Certificates): Grpc.ServerCredentials {
  const provider = new FollowingProvider(certificates);
  const { clientAuth } = certificates;
  const { createCertificateProviderServerCredentials: create } = grpc.experimental;
  // One object provides both; null for the second stands for clients that are not asked for a certificate.
  return create(provider, clientAuth === 'none' ? null : provider, clientAuth === 'require');
}

// grpc-js begins to pass on what it hears after it has begun to listen; what it is told at once is lost.
const later: (run: () => void) => void = queueMicrotask;

class FollowingProvider implements Provider {
  private readonly certificates: Certificates;
  private readonly caListeners = new Set<CaListener>();
  private readonly identityListeners = new Set<IdentityListener>();

  constructor(certificates: Certificates) {
    this.certificates = certificates;
    certificates.follow(() => {
      for (const listener of this.caListeners) this.tellCa(listener);
      for (const listener of this.identityListeners) this.tellIdentity(listener);
    });
  }

  addCaCertificateListener(listener: CaListener): void {
    this.caListeners.add(listener);
    later(() => this.tellCa(listener));
  }

  removeCaCertificateListener(listener: CaListener): void {
    this.caListeners.delete(listener);
  }

  addIdentityCertificateListener(listener: IdentityListener): void {
    this.identityListeners.add(listener);
    later(() => this.tellIdentity(listener));
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.identityListeners.delete(listener);
  }

  private tellCa(listener: CaListener): void {
    const { ca } = this.certificates.pem;
    if (ca !== undefined) listener({ caCertificate: ca });
  }

  private tellIdentity(listener: IdentityListener): void {
    const { cert, key } = this.certificates.pem;
    if (cert !== undefined && key !== undefined) listener({ certificate: cert, privateKey: key });
  }
}
