import { readFileSync, statSync } from 'node:fs';
import { inspect } from 'node:util';
import { ConfigError } from '../options.js';

/**
 * A value that is never printed: a token, a password, a key.
 *
 * However it is shown (`String`, JSON, a log line, `otelier check`) there is only where it comes from, as `secret.env('TOKEN')`.
 */
export class Secret {
  readonly #read: () => string;
  readonly #shown: string;

  /** @internal */
  constructor(read: () => string, shown: string) {
    this.#read = read;
    this.#shown = shown;
  }

  /** The value as of now. @throws {ConfigError} naming the variable or file when there is none. */
  reveal(): string {
    return this.#read();
  }

  toString(): string {
    return this.#shown;
  }

  toJSON(): string {
    return this.#shown;
  }
}

// What console.log and util.inspect print.
Object.defineProperty(Secret.prototype, inspect.custom, {
  value(this: Secret): string {
    return this.toString();
  },
});

/** Makes {@link Secret}s. */
export interface SecretMaker {
  /** A text with secrets in it, as a header needs it: secret`Bearer ${secret.env('TOKEN')}`. */
  (text: TemplateStringsArray, ...values: readonly (string | Secret)[]): Secret;
  /** The value of an environment variable, read when the pipeline starts. */
  env(name: string): Secret;
  /** The contents of a file, without white space around them. A change of the file counts within a second. */
  file(path: string): Secret;
}

/** Secrets from the environment and from files: `secret.env('TOKEN')`, `secret.file('/run/secrets/token')`; they are never printed. */
export const secret: SecretMaker = Object.assign(
  (text: TemplateStringsArray, ...values: readonly (string | Secret)[]): Secret => {
    const join = (show: (value: string | Secret) => string): string =>
      text.reduce((whole, part, i) => whole + show(values[i - 1] as string | Secret) + part);
    // The text between may be half a secret (a user name before a password), so only the sources are shown.
    const shown = values.filter((value) => value instanceof Secret).join(', ');
    return new Secret(() => (values.length === 0 ? text.join('') : join(revealed)), `secret\`${shown || '***'}\``);
  },
  {
    env: (name: string): Secret => new Secret(() => fromEnv(name), `secret.env('${name}')`),
    file: (path: string): Secret => {
      const file = new SecretFile(path);
      return new Secret(() => file.read(), `secret.file('${path}')`);
    },
  },
);

/** The value of a text or a secret. @throws {ConfigError} when a secret has none. */
export function revealed(value: string | Secret): string {
  return value instanceof Secret ? value.reveal() : value;
}

function fromEnv(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '')
    throw new ConfigError(`secret.env('${name}')`, 'a value in that environment variable');
  return value;
}

/** For how long a file is not looked at again, in milliseconds. */
const glanceMs = 1000;

class SecretFile {
  private readonly path: string;
  private text = '';
  private version = '';
  private lookedAt = Number.NEGATIVE_INFINITY;

  constructor(path: string) {
    this.path = path;
  }

  // A file that is gone has no value any more: a secret that was taken away must not go on opening doors.
  read(): string {
    const now = performance.now();
    if (now - this.lookedAt < glanceMs) return this.text;
    try {
      const { ino, mtimeMs, size } = statSync(this.path);
      const version = `${ino} ${mtimeMs} ${size}`;
      if (version !== this.version) {
        this.text = readFileSync(this.path, 'utf8').trim();
        this.version = version;
      }
    } catch (error) {
      this.version = '';
      throw new ConfigError(`secret.file('${this.path}')`, 'a file that can be read', { cause: error });
    }
    if (this.text === '') throw new ConfigError(`secret.file('${this.path}')`, 'a file that is not empty');
    this.lookedAt = now;
    return this.text;
  }
}
