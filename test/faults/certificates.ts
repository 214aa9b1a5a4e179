import { join } from 'node:path';
import { connect } from 'node:tls';
import { authority, issue, type Pair, replace } from '../tls/certificates.js';

/** The certificate of a collector, in files that change. */
export class Certificates {
  readonly ca: string;
  private readonly signer: Pair;
  private readonly folder: string;
  private generation = 0;

  private constructor(signer: Pair, folder: string) {
    this.signer = signer;
    this.ca = signer.cert;
    this.folder = folder;
  }

  static async in(folder: string): Promise<Certificates> {
    const made = new Certificates(await authority(), folder);
    await made.rotate();
    return made;
  }

  /** The receiver's option. */
  get option(): string {
    return `tls: { cert: '${this.path('cert')}', key: '${this.path('key')}', reloadInterval: '20ms' }`;
  }

  /** Puts a new one into the files, one after the other; answers its name. */
  async rotate(): Promise<string> {
    const name = `collector-${++this.generation}`;
    const { cert, key } = await issue(this.signer, name);
    await replace(this.path('key'), key);
    await replace(this.path('cert'), cert);
    return name;
  }

  /** Whose certificate a new connection to this port gets. */
  served(port: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: this.ca }, () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      });
      socket.on('error', reject);
    });
  }

  private path(what: string): string {
    return join(this.folder, `${what}.pem`);
  }
}
