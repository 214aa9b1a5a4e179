import { IncomingMessage } from 'node:http';

/** Takes the body of a request as it comes. */
export interface BodyReader {
  /** A part of the body, which is the reader's to keep. */
  read(chunk: Buffer): void;
  /** The whole body has come. */
  end(): void;
  /** Whether nothing more should be read until {@link HttpRequest.readOn}. */
  readonly isHolding: boolean;
}

/**
 * A request whose body goes straight from the parser to a reader; without one it is read away.
 *
 * The stream that a request is otherwise costs as much time as validating a small body.
 */
export class HttpRequest extends IncomingMessage {
  declare reader: BodyReader | undefined;

  /** What the parser calls with every part of the body, and with null at its end. */
  override push(chunk: Buffer | null): boolean {
    if (chunk === null) this.reader?.end();
    else this.reader?.read(chunk);
    return this.reader?.isHolding !== true;
  }

  /** Reads on after a reader that has held; nothing happens when none has. */
  readOn(): void {
    this._read(0);
  }

  /** What Node calls after an answer, to have a body pulled that nobody has read. Here none is ever left. */
  _dump(): void {}
}

// Node lets go of a request that was answered when its stream has ended, which this one never does.
Object.defineProperty(HttpRequest.prototype, 'readableEnded', {
  get(this: HttpRequest) {
    return this.complete;
  },
});
