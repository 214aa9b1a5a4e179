/** The part of a terminal, pipe or file stream that the console exporter uses. */
export interface OutputStream {
  write(text: string): boolean;
  on(event: 'error' | 'drain' | 'close', listener: (error?: Error) => void): unknown;
  off(event: 'error' | 'drain' | 'close', listener: (error?: Error) => void): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly destroyed?: boolean;
  readonly writableNeedDrain?: boolean;
}

/** Writes text as fast as its reader takes it, and notices when there is no reader any more. */
export class Output {
  private readonly stream: OutputStream;
  private waiting: (() => void)[] = [];
  private gone: boolean = false;
  private users: number = 0;

  constructor(stream: OutputStream) {
    this.stream = stream;
  }

  open(): void {
    if (this.users++ > 0) return;
    // A listener for errors stays for good: what is already written may still fail, and nobody else listens.
    this.stream.off('error', this.end);
    this.stream.on('error', this.end);
    this.stream.on('close', this.end);
    this.stream.on('drain', this.go);
  }

  /** The last of its users takes the listeners away; the stream stays open, since it is not ours. */
  close(): void {
    if (--this.users > 0) return;
    this.go();
    this.stream.off('close', this.end);
    this.stream.off('drain', this.go);
  }

  /** Resolves with true when there is room to write, with false when the reader has gone, as `head` does. */
  async ready(): Promise<boolean> {
    while (!this.ended && this.stream.writableNeedDrain === true) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    return !this.ended;
  }

  write(text: string): void {
    this.stream.write(text);
  }

  private get ended(): boolean {
    return this.gone || this.stream.destroyed === true;
  }

  private readonly go = (): void => {
    const { waiting } = this;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  };

  private readonly end = (): void => {
    this.gone = true;
    this.go();
  };
}

/** Whether to colour: what was asked for, else FORCE_COLOR, NO_COLOR, and whether somebody is looking. */
export function useColor(
  color: 'auto' | boolean,
  stream: OutputStream,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  if (color !== 'auto') return color;
  const { FORCE_COLOR: force, NO_COLOR: no, TERM: term } = env;
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  if (no !== undefined && no !== '') return false;
  return stream.isTTY === true && term !== 'dumb';
}
