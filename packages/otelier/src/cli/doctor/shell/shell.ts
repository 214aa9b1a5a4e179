import { CommandReader } from './commands.js';
import { Lexer, UnterminatedError } from './lexer.js';
import type { Token } from './token.js';

/** What a shell text makes of a variable. */
export interface ShellVariable {
  readonly name: string;
  /** Undefined when only a running shell knows; `unknown` then says why. */
  readonly value: string | undefined;
  readonly unknown?: string;
  /** A variable in its value that is not set here, and counts as empty. */
  readonly missing?: string;
  /** Whether programs that are started afterwards see it. */
  readonly exported: boolean;
  readonly line: number;
  /** It stands where it may not run: in `if`, in a function, behind `||`. */
  readonly conditional: boolean;
}

/** Something in a shell text that a person should look at. */
export interface ShellNote {
  readonly kind:
    | 'unterminated'
    | 'not-read'
    | 'spaces-around-equals'
    | 'cut-at-space'
    | 'cut-at-separator'
    | 'other-command'
    | 'not-exported';
  readonly line: number;
  /** The variable, if it is about one. */
  readonly name?: string;
  /** What was not read, or does not end. Never a word of the text: it may be the rest of a secret. */
  readonly what?: string;
}

/** The outcome of reading a shell text. */
export interface ShellReading {
  /** What a `claude` that is started afterwards would see, and what it would not since it is not exported. */
  readonly variables: ReadonlyMap<string, ShellVariable>;
  readonly unset: ReadonlySet<string>;
  readonly notes: readonly ShellNote[];
}

/**
 * Reads what a shell text would put into the environment of Claude Code, without executing anything.
 *
 * Understood: `export A=b`, `A=b` with a later `export A`, `set -a`, `declare -x`, `env A=b claude`, `A=b claude`, `unset A`, all kinds of
 * quotes, escapes, `$B`, `${B:-c}`. What only a running shell knows, such as `$(…)`, makes the value unknown.
 *
 * @param environment what `$B` is when the text itself does not set it.
 */
export function readShell(text: string, environment: Readonly<Record<string, string | undefined>> = {}): ShellReading {
  const reader = new CommandReader(environment);
  const lexer = new Lexer(text.replace(/^\ufeff/, ''));
  try {
    for (let token: Token | undefined; (token = lexer.next()) !== undefined; ) reader.take(token);
    reader.endCommand('\n');
  } catch (error) {
    if (!(error instanceof UnterminatedError)) throw error;
    reader.notes.push({ kind: 'unterminated', line: error.line, what: error.what });
  }
  return reader.reading();
}
